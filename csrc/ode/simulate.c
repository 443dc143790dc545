/* pt_simulate: chunks of lanes, each taken by one thread whose block follows them. */
#include "ode/block.h"
#include "ode/history.h"
#include "ode/noise.h"
#include "ode/sensitivity.h"
#include "ode/trigger.h"
#include "ode/waiting.h"

enum { CHUNK = 1024 };

typedef struct {
    const pt_model *model;
    const pt_simulation *call;
    int64_t chunk;
    double end;
    int pass;          /* directions of one pass over the lanes */
    pt_feed feed;      /* copied by each chunk */
    pt_block **blocks; /* one a worker */
    pt_block **ramped; /* the same for lanes whose parameters move between actions; null: there are none */
} simulation;

/* A chunk at work. */
typedef struct {
    const simulation *all;
    int64_t next, end;
    int ramps; /* lanes with SLOPE actions are taken, or those without */
} lane_range;

static const pt_schedule *schedule_of(const pt_simulation *call, int64_t lane)
{
    return &call->plans[call->plan ? call->plan[lane] : 0];
}

static int has_ramps(const simulation *all, int64_t lane)
{
    pt_need need = {0};
    if (all->ramped) pt_schedule_need(schedule_of(all->call, lane), &need);
    return need.ramps;
}

static int take(void *context, pt_block *b, int s)
{
    lane_range *range = context;
    const pt_simulation *call = range->all->call;
    while (range->next < range->end && has_ramps(range->all, range->next) != range->ramps) range->next++;
    if (range->next >= range->end) return 0;
    const int64_t lane = range->next++;
    const int64_t row = call->subject ? call->subject[lane] : lane;
    const pt_schedule *schedule = schedule_of(call, lane);
    const double *x = call->x0 ? call->x0 + row * b->n_state : NULL;
    const int records = call->first && schedule->n > 0;
    const double start = records ? schedule->actions[0].time : call->start;
    const double end = records ? schedule->actions[schedule->n - 1].time : range->all->end;
    pt_slot_begin(b, s, lane, start, end, schedule, 0, call->params + row * b->n_param, NULL, NULL, x);
    if (b->paths)
        pt_paths_begin(b, s, call->patient ? call->patient[lane] : row, call->draw ? call->draw[lane] : 0, 0);
    return 1;
}

/* NaN in the rows of the observations that a lane did not come to. */
static void blank_records(const pt_feed *feed, const pt_slot *slot)
{
    for (int64_t i = slot->next; i < slot->n_action; i++) {
        if (slot->actions[i].kind != PT_ACTION_OBSERVE) continue;
        double *row = feed->y + (feed->first[slot->lane] + slot->actions[i].index) * feed->n_out;
        for (int k = 0; k < feed->n_out; k++) row[k] = __builtin_nan("");
    }
}

static void finish(void *context, pt_block *b, int s)
{
    const pt_simulation *call = ((lane_range *)context)->all->call;
    const pt_slot *slot = &b->slot[s];
    const pt_feed *feed = b->feed;
    if (b->watch) pt_watch_finish(b, s);
    if (b->tangents) {
        pt_tangents_finish(call, b, s);
        return;
    }
    call->status[slot->lane] = (int32_t)slot->status;
    call->stop[slot->lane] = slot->stop;
    if (call->x_end) pt_slot_state(b, s, call->x_end + slot->lane * b->n_state);
    if (feed->first) {
        blank_records(feed, slot);
        return;
    }
    double *row = feed->y + slot->lane * feed->n_time * feed->n_out;
    for (int64_t i = slot->out * feed->n_out; i < feed->n_time * feed->n_out; i++) row[i] = __builtin_nan("");
}

/* The lanes of a range that belong to this block, once for each pass. */
static void run_range(const simulation *all, pt_block *b, lane_range range)
{
    pt_feed feed = all->feed;
    const int64_t begin = range.next;
    feed.context = &range;
    for (int first = 0; first == 0 || first < all->call->n_direction; first += all->pass) {
        if (b->tangents) pt_tangents_choose(b, first, all->call);
        range.next = begin;
        pt_block_run(b, &feed);
    }
}

static pt_status run_chunk(void *work, int worker, int64_t i)
{
    const simulation *all = work;
    lane_range range = {.all = all, .next = i * all->chunk, .end = (i + 1) * all->chunk};
    if (range.end > all->call->n_lane) range.end = all->call->n_lane;
    run_range(all, all->blocks[worker], range);
    range.ramps = 1;
    if (all->ramped) run_range(all, all->ramped[worker], range);
    if (all->call->n_direction) pt_tangents_blank(all->model, all->call, range.next, range.end);
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
        pt_status status = pt_schedule_check(model, &plans[i], &bad);
        if (status == PT_OK) status = pt_triggers_check(model, &plans[i], &bad);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

static pt_status check_options(const pt_model *model, const pt_ode_options *options)
{
    if (!(options->rtol >= 1e-14) || !(options->atol > 0) || options->max_steps < 1) return PT_BAD_ARGUMENT;
    for (int i = 0; options->atols && i < model->n_state; i++)
        if (!(options->atols[i] > 0)) return PT_BAD_ARGUMENT;
    if (!(options->step_first >= 0) || !(options->step_max >= 0)) return PT_BAD_ARGUMENT;
    if (options->method < 0 || options->method >= PT_N_METHOD) return PT_BAD_ARGUMENT;
    const int stiff = options->method == PT_METHOD_RODAS, automatic = options->method == PT_METHOD_AUTO;
    if ((stiff && model->n_delay) || (model->mass && !stiff && !automatic)) return PT_UNSUPPORTED;
    const int good = options->step > 0 && options->step - options->step == 0;
    return !pt_steps_are_fixed(options) || good ? PT_OK : PT_BAD_ARGUMENT;
}

static int has_triggers(const pt_model *model, const pt_simulation *call)
{
    int64_t n = model->n_trigger;
    for (int64_t i = 0; i < call->n_plan; i++) n += call->plans[i].n_trigger;
    return n > 0;
}

static pt_need need_of(const pt_simulation *call)
{
    pt_need need = {0};
    for (int64_t i = 0; i < call->n_plan; i++) pt_schedule_need(&call->plans[i], &need);
    return need;
}

/* Parameters that move go with methods that know the time of every rate, and with derivatives for a stiff
 * one.
 */
static pt_status check_ramps(const pt_model *model, const pt_simulation *call)
{
    const int stiff = (call->options.method == PT_METHOD_RODAS || model->mass) && !model->functions->tangent;
    return stiff || model->n_delay ? PT_UNSUPPORTED : PT_OK;
}

static pt_status check_all(const pt_model *model, const pt_simulation *call)
{
    pt_status status = check_indices(call->subject, call->n_lane, call->n_subject);
    if (!call->subject && call->n_lane > call->n_subject) status = PT_BAD_SHAPE;
    if (status == PT_OK) status = check_indices(call->plan, call->n_lane, call->n_plan);
    if (status == PT_OK && call->n_plan < 1) status = PT_BAD_SHAPE;
    if (status == PT_OK && call->first && call->n_time) status = PT_BAD_SHAPE;
    if (status == PT_OK) status = check_times(call->start, call->times, call->n_time);
    for (int i = 0; status == PT_OK && i < call->n_out; i++)
        if (call->outputs[i] < 0 || call->outputs[i] >= model->n_output + model->n_state)
            status = PT_BAD_ARGUMENT;
    if (status == PT_OK) status = check_options(model, &call->options);
    if (status == PT_OK) status = pt_tangents_check(model, call);
    if (status == PT_OK) status = pt_noise_check(model, call);
    /* between two points of a path there is no interpolant */
    const int rough = pt_method_has_noise(call->options.method);
    if (status == PT_OK && rough && has_triggers(model, call)) status = PT_UNSUPPORTED;
    if (status == PT_OK && need_of(call).ramps) status = check_ramps(model, call);
    return status == PT_OK ? check_plans(model, call->plans, call->n_plan) : status;
}

static void free_blocks(pt_block **blocks, int n)
{
    for (int i = 0; blocks && i < n; i++) pt_block_free(blocks[i]);
    pt_free(blocks);
}

static pt_status make_block(const simulation *all, const pt_ode_options *options, pt_block **block)
{
    const pt_simulation *call = all->call;
    pt_status status = pt_block_create(all->model, options, block);
    if (status == PT_OK && call->n_direction) status = pt_tangents_create(*block, all->pass);
    if (status == PT_OK && pt_method_has_noise(options->method)) status = pt_paths_create(*block, call->seed);
    if (status == PT_OK && has_triggers(all->model, call)) status = pt_watch_create(*block);
    if (status == PT_OK && all->model->n_delay) status = pt_history_create(*block);
    if (status == PT_OK && call->n_time > 0)
        status = pt_waiting_create(*block, call->times, call->n_time, &(*block)->waiting);
    return status;
}

static pt_status make_blocks(const simulation *all, const pt_ode_options *options, int n, pt_block ***blocks)
{
    *blocks = pt_alloc((size_t)n * sizeof **blocks);
    pt_status status = *blocks ? PT_OK : PT_NO_MEMORY;
    for (int i = 0; i < n && status == PT_OK; i++) status = make_block(all, options, &(*blocks)[i]);
    return status;
}

/* Blocks of each worker; another for lanes whose parameters move, so that the others keep their bits. */
static pt_status make_all(simulation *all, int n)
{
    pt_ode_options options = all->call->options;
    if (all->call->n_direction || pt_method_has_noise(options.method)) options.step_all = 1;
    options.need = need_of(all->call);
    const int ramps = options.need.ramps;
    options.need.ramps = 0;
    pt_status status = make_blocks(all, &options, n, &all->blocks);
    options.need.ramps = 1;
    if (status == PT_OK && ramps) status = make_blocks(all, &options, n, &all->ramped);
    return status;
}

/* Lanes a chunk: few enough that all threads have work and that a stop is noticed within about a second (one
 * interval of a lane costs about a microsecond, an output within it a few nanoseconds), many enough that
 * slots are refilled. */
static int64_t chunk_of(const pt_simulation *call, int n_threads)
{
    int64_t n_action = 0;
    for (int64_t i = 0; i < call->n_plan; i++)
        if (call->plans[i].n > n_action) n_action = call->plans[i].n;
    int64_t n = call->n_lane / (4 * n_threads);
    if (n > CHUNK) n = CHUNK;
    const int64_t quick = 100000 / (1 + n_action + call->n_time / 64);
    if (n > quick) n = quick;
    return n < PT_N_SLOT ? PT_N_SLOT : n / PT_N_SLOT * PT_N_SLOT;
}

pt_status pt_simulate(const pt_model *model, const pt_simulation *call, const pt_control *control)
{
    const int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    pt_status result = check_all(model, call);
    if (result != PT_OK) return result;
    simulation all = {.model = model,
                      .call = call,
                      .chunk = chunk_of(call, n_threads),
                      .pass = pt_tangents_pass(call),
                      .end = call->n_time ? call->times[call->n_time - 1] : call->start,
                      .feed = {.take = take,
                               .finish = finish,
                               .times = call->times,
                               .n_time = call->n_time,
                               .outputs = call->outputs,
                               .n_out = call->n_out,
                               .first = call->first,
                               .y = call->y,
                               .dy = call->dy,
                               .n_direction = call->n_direction,
                               .fired_time = call->fired_time,
                               .fired_trigger = call->fired_trigger,
                               .n_kept = call->n_kept,
                               .n_fired = call->n_fired}};
    result = make_all(&all, n_threads);
    const int64_t n_chunk = (call->n_lane + all.chunk - 1) / all.chunk;
    if (result == PT_OK) result = pt_parallel(n_chunk, control, run_chunk, &all);
    free_blocks(all.blocks, n_threads);
    free_blocks(all.ramped, n_threads);
    return result;
}
