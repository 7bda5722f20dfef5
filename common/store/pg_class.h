/* SPDX-License-Identifier: ISC
 *
 * pg_class.h - what an SQLSTATE means for the asker: one table, pure.
 */
#ifndef CC_STORE_PG_CLASS_H
#define CC_STORE_PG_CLASS_H

#include "pg.h"

/* The status of a failed request by its SQLSTATE (PostgreSQL manual, appendix A). PG_REFUSED for what no row
 * names. */
enum pg_status pg_class(const char *sqlstate);

/* Does this error mean that the connection leads to the wrong or a dying server, so that another should be
 * made? */
bool pg_class_ends_connection(const char *sqlstate);

#endif
