/* pt_parallel: threads made for one call and joined in it.
 *
 * Work items are handed out in order from one counter. The caller's thread works too; only it polls
 * control->stop and reports progress, so both may touch the interpreter. */
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>

#include "pytwin.h"

typedef struct {
    int64_t n;
    pt_status (*body)(void *work, int worker, int64_t i);
    void *work;
    _Atomic int64_t next;    /* the next item to hand out */
    _Atomic int64_t done;    /* items finished */
    _Atomic int halted;      /* no further item is handed out */
    pthread_mutex_t lock;    /* of the two below */
    int64_t failed_item;     /* the first item, in order, that failed */
    pt_status failed_status; /* its status: the same whatever thread took it */
} pt_job;

typedef struct {
    pt_job *job;
    int worker;
    pthread_t thread;
} pt_worker;

static void record_failure(pt_job *job, int64_t i, pt_status status)
{
    pthread_mutex_lock(&job->lock);
    if (job->failed_status == PT_OK || i < job->failed_item) {
        job->failed_item = i;
        job->failed_status = status;
    }
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->halted, 1);
}

/* One item; 0 when there is none left. */
static int take_item(pt_job *job, int worker)
{
    if (atomic_load(&job->halted)) return 0;
    int64_t i = atomic_fetch_add(&job->next, 1);
    if (i >= job->n) return 0;
    pt_status status = job->body(job->work, worker, i);
    if (status != PT_OK) record_failure(job, i, status);
    atomic_fetch_add(&job->done, 1);
    return 1;
}

static void *run_worker(void *argument)
{
    pt_worker *self = argument;
    fesetenv(FE_DFL_ENV); /* round to nearest, denormals on; a new thread inherits its maker's */
    while (take_item(self->job, self->worker)) {
    }
    return NULL;
}

static void run_caller(pt_job *job, const pt_control *control)
{
    do {
        if (control && control->stop && control->stop(control->context)) {
            record_failure(job, job->n, PT_CANCELLED); /* an item's own failure comes first */
            return;
        }
        if (control && control->progress)
            control->progress(control->context, (double)atomic_load(&job->done) / (double)job->n);
    } while (take_item(job, 0));
}

/* Starts workers 1 .. n-1; returns how many run. */
static int start_workers(pt_worker *workers, int n, pt_job *job)
{
    for (int k = 1; k < n; k++) {
        workers[k] = (pt_worker){.job = job, .worker = k};
        if (pthread_create(&workers[k].thread, NULL, run_worker, &workers[k])) return k;
    }
    return n;
}

static pt_status run_threads(pt_job *job, int n_threads, const pt_control *control)
{
    pt_worker *workers = pt_alloc((size_t)n_threads * sizeof *workers);
    if (!workers) return PT_NO_MEMORY;
    int started = start_workers(workers, n_threads, job);
    if (started < n_threads)
        record_failure(job, -1, PT_THREAD);
    else
        run_caller(job, control);
    for (int k = 1; k < started; k++) pthread_join(workers[k].thread, NULL);
    pt_free(workers);
    return job->failed_status;
}

pt_status pt_parallel(int64_t n, const pt_control *control,
                      pt_status (*body)(void *work, int worker, int64_t i), void *work)
{
    if (n <= 0) return PT_OK;
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    if (n_threads > n) n_threads = (int)n;
    pt_job job = {.n = n, .body = body, .work = work, .lock = PTHREAD_MUTEX_INITIALIZER};
    fenv_t saved;
    fegetenv(&saved);
    fesetenv(FE_DFL_ENV);
    pt_status status;
    if (n_threads > 1)
        status = run_threads(&job, n_threads, control);
    else {
        run_caller(&job, control);
        status = job.failed_status;
    }
    fesetenv(&saved);
    if (status == PT_OK && control && control->progress) control->progress(control->context, 1.0);
    return status;
}
