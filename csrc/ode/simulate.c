/* pt_simulate: chunks of lanes, each taken by one thread whose block follows them. */
#include "ode/block.h"

enum { CHUNK = 1024 };

typedef struct {
    const pt_model *model;
    int64_t n_lane, chunk;
    const int64_t *subject, *plan;
    const double *params, *x0;
    double start, end;
    const pt_schedule *plans;
    pt_feed feed; /* copied by each chunk */
    double *x_end, *stop;
    int32_t *status;
    pt_block **blocks; /* one a worker */
} simulation;

/* A chunk at work. */
typedef struct {
    const simulation *all;
    int64_t next, end;
} lane_range;

static int take(void *context, pt_block *b, int s)
{
    lane_range *range = context;
    const simulation *all = range->all;
    if (range->next >= range->end) return 0;
    const int64_t lane = range->next++;
    const int64_t row = all->subject ? all->subject[lane] : lane;
    const pt_schedule *schedule = &all->plans[all->plan ? all->plan[lane] : 0];
    const double *x = all->x0 ? all->x0 + row * b->n_state : NULL;
    pt_slot_begin(b, s, lane, all->start, all->end, schedule, 0, all->params + row * b->n_param, NULL, NULL,
                  x);
    return 1;
}

static void finish(void *context, pt_block *b, int s)
{
    const simulation *all = ((lane_range *)context)->all;
    const pt_slot *slot = &b->slot[s];
    const pt_feed *feed = b->feed;
    all->status[slot->lane] = (int32_t)slot->status;
    all->stop[slot->lane] = slot->stop;
    if (all->x_end) pt_slot_state(b, s, all->x_end + slot->lane * b->n_state);
    if (slot->status == PT_OK) return;
    double *row = feed->y + slot->lane * feed->n_time * feed->n_out;
    for (int64_t i = slot->out * feed->n_out; i < feed->n_time * feed->n_out; i++) row[i] = __builtin_nan("");
}

static pt_status run_chunk(void *work, int worker, int64_t i)
{
    const simulation *all = work;
    lane_range range = {all, i * all->chunk, (i + 1) * all->chunk};
    if (range.end > all->n_lane) range.end = all->n_lane;
    pt_feed feed = all->feed;
    feed.context = &range;
    pt_block_run(all->blocks[worker], &feed);
    return PT_OK;
}

static pt_status check_indices(const int64_t *index, int64_t n, int64_t limit)
{
    if (!index) return n <= limit || limit == 1 ? PT_OK : PT_BAD_SHAPE;
    for (int64_t i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= limit) return PT_BAD_ARGUMENT;
    return PT_OK;
}

static pt_status check_times(double start, const double *times, int64_t n)
{
    double last = start;
    for (int64_t i = 0; i < n; i++) {
        if (times[i] - times[i] != 0) return PT_NOT_FINITE;
        if (!(times[i] >= last)) return PT_UNSORTED;
        last = times[i];
    }
    return start - start == 0 ? PT_OK : PT_NOT_FINITE;
}

static pt_status check_plans(const pt_model *model, const pt_schedule *plans, int64_t n)
{
    int64_t bad;
    for (int64_t i = 0; i < n; i++) {
        const pt_status status = pt_schedule_check(model, &plans[i], &bad);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

static pt_status check_all(const simulation *all, int64_t n_subject, int64_t n_plan,
                           const pt_ode_options *options)
{
    const pt_feed *feed = &all->feed;
    pt_status status = check_indices(all->subject, all->n_lane, n_subject);
    if (!all->subject && all->n_lane > n_subject) status = PT_BAD_SHAPE;
    if (status == PT_OK) status = check_indices(all->plan, all->n_lane, n_plan);
    if (status == PT_OK && n_plan < 1) status = PT_BAD_SHAPE;
    if (status == PT_OK) status = check_times(all->start, feed->times, feed->n_time);
    for (int i = 0; status == PT_OK && i < feed->n_out; i++)
        if (feed->outputs[i] < 0 || feed->outputs[i] >= all->model->n_output) status = PT_BAD_ARGUMENT;
    if (!(options->rtol >= 1e-14) || !(options->atol > 0) || options->max_steps < 1) status = PT_BAD_ARGUMENT;
    return status == PT_OK ? check_plans(all->model, all->plans, n_plan) : status;
}

static void free_blocks(pt_block **blocks, int n)
{
    for (int i = 0; blocks && i < n; i++) pt_block_free(blocks[i]);
    pt_free(blocks);
}

static pt_status make_blocks(simulation *all, int n, const pt_ode_options *options)
{
    all->blocks = pt_alloc((size_t)n * sizeof *all->blocks);
    pt_status status = all->blocks ? PT_OK : PT_NO_MEMORY;
    for (int i = 0; i < n && status == PT_OK; i++)
        status = pt_block_create(all->model, options, &all->blocks[i]);
    if (status != PT_OK) free_blocks(all->blocks, n);
    return status;
}

/* Lanes a chunk: few enough that all threads have work and that a stop is noticed within about a second (one
 * interval of a lane costs about a microsecond), many enough that slots are refilled. */
static int64_t chunk_of(const simulation *all, int64_t n_plan, int n_threads)
{
    int64_t n_action = 0;
    for (int64_t i = 0; i < n_plan; i++)
        if (all->plans[i].n > n_action) n_action = all->plans[i].n;
    int64_t n = all->n_lane / (4 * n_threads);
    if (n > CHUNK) n = CHUNK;
    const int64_t quick = 100000 / (1 + n_action + all->feed.n_time);
    if (n > quick) n = quick;
    return n < PT_N_SLOT ? PT_N_SLOT : n / PT_N_SLOT * PT_N_SLOT;
}

pt_status pt_simulate(const pt_model *model, int64_t n_lane, const int64_t *subject, const int64_t *plan,
                      int64_t n_subject, const double *params, const double *x0, double start,
                      const pt_schedule *plans, int64_t n_plan, const double *times, int64_t n_time,
                      const int32_t *outputs, int n_out, double *y, double *x_end, int32_t *status,
                      double *stop, const pt_ode_options *options, const pt_control *control)
{
    const int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    simulation all = {.model = model,
                      .n_lane = n_lane,
                      .subject = subject,
                      .plan = plan,
                      .params = params,
                      .x0 = x0,
                      .start = start,
                      .end = n_time ? times[n_time - 1] : start,
                      .plans = plans,
                      .x_end = x_end,
                      .stop = stop,
                      .status = status};
    all.feed = (pt_feed){.take = take,
                         .finish = finish,
                         .times = times,
                         .n_time = n_time,
                         .outputs = outputs,
                         .n_out = n_out,
                         .y = y};
    all.chunk = chunk_of(&all, n_plan, n_threads);
    pt_status result = check_all(&all, n_subject, n_plan, options);
    if (result == PT_OK) result = make_blocks(&all, n_threads, options);
    if (result != PT_OK) return result;
    result = pt_parallel((n_lane + all.chunk - 1) / all.chunk, control, run_chunk, &all);
    free_blocks(all.blocks, n_threads);
    return result;
}
