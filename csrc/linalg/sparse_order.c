/* The order of elimination of a pattern and the lists of operations that follow from it.
 *
 * Markowitz HM. The elimination form of the inverse and its application to linear programming. Management Sci
 * 1957;3:255-69: of the pivots that are large enough, the one with the smallest (r - 1) (c - 1), r and c
 * being the entries left in its row and its column.
 */
#include <math.h>
#include <string.h>

#include "linalg/sparse.h"

enum { MAX = 64 };
#define LARGE_ENOUGH 0.1

/* Elimination at work, densely. */
typedef struct {
    int n;
    const int8_t *fixed;
    int8_t entry[MAX][MAX];
    double value[MAX][MAX];
    int row_done[MAX], column_done[MAX]; /* 1 + place in the order, 0: not yet */
    int row[MAX], column[MAX];
} elimination;

static int allowed(const elimination *e, int i, int j)
{
    if (e->row_done[i] || e->column_done[j] || !e->entry[i][j]) return 0;
    return i == j || (!e->fixed[i] && !e->fixed[j]);
}

static double largest_in_row(const elimination *e, int i)
{
    double largest = 0;
    for (int j = 0; j < e->n; j++)
        if (allowed(e, i, j)) largest = fmax(largest, fabs(e->value[i][j]));
    return largest;
}

static void count_entries(const elimination *e, int *rows, int *columns)
{
    memset(rows, 0, MAX * sizeof(int));
    memset(columns, 0, MAX * sizeof(int));
    for (int i = 0; i < e->n; i++)
        for (int j = 0; j < e->n; j++)
            if (!e->row_done[i] && !e->column_done[j] && e->entry[i][j]) rows[i]++, columns[j]++;
}

/* The next pivot. Entries of typical size 0 are taken where a row has nothing else. */
static int find_pivot(const elimination *e, int *row, int *column)
{
    int rows[MAX], columns[MAX], best = -1, best_is_zero = 1;
    count_entries(e, rows, columns);
    for (int i = 0; i < e->n; i++) {
        const double largest = largest_in_row(e, i);
        for (int j = 0; j < e->n; j++) {
            if (!allowed(e, i, j) || fabs(e->value[i][j]) < LARGE_ENOUGH * largest) continue;
            const int cost = (rows[i] - 1) * (columns[j] - 1), is_zero = largest == 0;
            if (best >= 0 && (is_zero > best_is_zero || (is_zero == best_is_zero && cost >= best))) continue;
            best = cost, best_is_zero = is_zero;
            *row = i, *column = j;
        }
    }
    return best >= 0;
}

static void eliminate(elimination *e, int s, int row, int column)
{
    e->row[s] = row, e->column[s] = column;
    e->row_done[row] = e->column_done[column] = s + 1;
    const double pivot = e->value[row][column];
    for (int i = 0; i < e->n; i++) {
        if (e->row_done[i] || !e->entry[i][column]) continue;
        const double l = pivot != 0 ? e->value[i][column] / pivot : 0;
        for (int j = 0; j < e->n; j++) {
            if (e->column_done[j] || !e->entry[row][j]) continue;
            e->entry[i][j] = 1;
            e->value[i][j] -= l * e->value[row][j];
        }
    }
}

/* Numbers the values row by row in the order of elimination; entry becomes 1 + that number. */
static int number_values(const elimination *e, int16_t number[MAX][MAX])
{
    int n_value = 0;
    for (int s = 0; s < e->n; s++)
        for (int q = 0; q < e->n; q++) {
            const int i = e->row[s], j = e->column[q];
            number[i][j] = (int16_t)(e->entry[i][j] ? n_value++ : -1);
        }
    return n_value;
}

static int16_t *append(int16_t *list, int32_t *n, int value)
{
    if (list) list[*n] = (int16_t)value;
    ++*n;
    return list;
}

/* Columns q in [from, to) of the order in which row s has values: their number, then (value, q). */
static void list_row(const elimination *e, int16_t number[MAX][MAX], int s, int from, int to, int16_t *list,
                     int32_t *n)
{
    const int32_t head = *n;
    int count = 0;
    append(list, n, 0);
    for (int q = from; q < to; q++) {
        if (number[e->row[s]][e->column[q]] < 0) continue;
        append(list, n, number[e->row[s]][e->column[q]]);
        append(list, n, q);
        count++;
    }
    if (list) list[head] = (int16_t)count;
}

/* What the entry of L in row s under pivot k does to the rest of its row. */
static void list_update(const elimination *e, int16_t number[MAX][MAX], int s, int k, int16_t *list,
                        int32_t *n)
{
    append(list, n, number[e->row[s]][e->column[k]]);
    append(list, n, k);
    const int32_t head = *n;
    int count = 0;
    append(list, n, 0);
    for (int q = k + 1; q < e->n; q++) {
        if (number[e->row[k]][e->column[q]] < 0) continue;
        append(list, n, number[e->row[s]][e->column[q]]);
        append(list, n, number[e->row[k]][e->column[q]]);
        count++;
    }
    if (list) list[head] = (int16_t)count;
}

static void list_elimination(const elimination *e, int16_t number[MAX][MAX], int16_t *list, int32_t *n)
{
    for (int s = 0; s < e->n; s++) {
        int count = 0;
        for (int k = 0; k < s; k++) count += number[e->row[s]][e->column[k]] >= 0;
        append(list, n, count);
        for (int k = 0; k < s; k++)
            if (number[e->row[s]][e->column[k]] >= 0) list_update(e, number, s, k, list, n);
    }
}

static void list_all(const elimination *e, int16_t number[MAX][MAX], pt_sparse *p)
{
    p->n_eliminate = p->n_forward = p->n_back = 0;
    list_elimination(e, number, p->eliminate, &p->n_eliminate);
    for (int s = 0; s < e->n; s++) list_row(e, number, s, 0, s, p->forward, &p->n_forward);
    for (int s = e->n - 1; s >= 0; s--) list_row(e, number, s, s + 1, e->n, p->back, &p->n_back);
}

/* Memory of the lists, cut from one piece; with a null base only counted. */
static size_t lay_out(pt_sparse *p, char *base)
{
    int16_t **lists[] = {&p->place, &p->fill,      &p->row,     &p->column,
                         &p->pivot, &p->eliminate, &p->forward, &p->back};
    const int lengths[] = {p->n_entry, p->n_fill, p->n, p->n, p->n, p->n_eliminate, p->n_forward, p->n_back};
    size_t used = sizeof *p;
    for (int i = 0; i < 8; i++) {
        if (base) *lists[i] = (int16_t *)(base + used);
        used += (size_t)(lengths[i] + 1) * sizeof(int16_t);
    }
    return used;
}

static void fill_in(const elimination *e, int16_t number[MAX][MAX], const int *begin, const int *column,
                    pt_sparse *p)
{
    int8_t in_A[MAX * MAX] = {0};
    for (int i = 0; i < p->n; i++)
        for (int k = begin[i]; k < begin[i + 1]; k++) {
            p->place[k] = number[i][column[k]];
            in_A[p->place[k]] = 1;
        }
    for (int v = 0, k = 0; v < p->n_value; v++)
        if (!in_A[v]) p->fill[k++] = (int16_t)v;
    for (int s = 0; s < p->n; s++) {
        p->row[s] = (int16_t)e->row[s];
        p->column[s] = (int16_t)e->column[s];
        p->pivot[s] = number[e->row[s]][e->column[s]];
    }
}

static pt_status order(elimination *e)
{
    for (int s = 0; s < e->n; s++) {
        int row = 0, column = 0;
        if (!find_pivot(e, &row, &column)) return PT_SINGULAR;
        eliminate(e, s, row, column);
    }
    return PT_OK;
}

static pt_status write_lists(const elimination *e, const int *begin, const int *column, pt_sparse **sparse)
{
    int16_t number[MAX][MAX];
    pt_sparse p = {.n = e->n, .n_entry = begin[e->n]};
    p.n_value = number_values(e, number);
    p.n_fill = p.n_value - p.n_entry;
    list_all(e, number, &p);
    char *memory = pt_alloc(lay_out(&p, NULL));
    if (!memory) return PT_NO_MEMORY;
    lay_out(&p, memory);
    list_all(e, number, &p);
    fill_in(e, number, begin, column, &p);
    *sparse = (pt_sparse *)memory;
    **sparse = p;
    return PT_OK;
}

pt_status pt_sparse_create(int n, const int *begin, const int *column, const double *value,
                           const int8_t *fixed, pt_sparse **sparse)
{
    *sparse = NULL;
    if (n < 1 || n > MAX) return PT_BAD_SHAPE;
    elimination *e = pt_alloc(sizeof *e);
    if (!e) return PT_NO_MEMORY;
    e->n = n;
    e->fixed = fixed;
    for (int i = 0; i < n; i++)
        for (int k = begin[i]; k < begin[i + 1]; k++) {
            e->entry[i][column[k]] = 1;
            e->value[i][column[k]] = value[k];
        }
    pt_status status = order(e);
    if (status == PT_OK) status = write_lists(e, begin, column, sparse);
    pt_free(e);
    return status;
}

void pt_sparse_free(pt_sparse *sparse) { pt_free(sparse); }
