/* SPDX-License-Identifier: ISC
 *
 * alerts.h - what a process asks the monitor to tell, as one table. The number of a row is its number on the wire: append.
 */
#ifndef CC_WIRE_ALERTS_H
#define CC_WIRE_ALERTS_H

/* A(UPPER, name) */
#define ALERT_TABLE(A) \
	A(MODEL_BUDGET_SOFT, "model_budget_soft") /* of a day's cost: only this is said */ \
	A(MODEL_BUDGET_HARD, "model_budget_hard") /* no model is asked any more */

#define ALERT_ENUM(UPPER, name) ALERT_##UPPER,
enum alert { ALERT_TABLE(ALERT_ENUM) ALERT_COUNT };
#undef ALERT_ENUM

extern const char *const alert_names[ALERT_COUNT];

#endif
