/* Kalman filters. Included by pytwin.h. */
#ifndef PT_KALMAN_KALMAN_H
#define PT_KALMAN_KALMAN_H

#endif
