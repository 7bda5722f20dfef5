/* SPDX-License-Identifier: ISC
 *
 * glossary.h - /glossary and /conversations/{id}/glossary: read, replace, add and remove.
 */
#ifndef CC_GATEWAY_GLOSSARY_H
#define CC_GATEWAY_GLOSSARY_H

#include "request.h"

route_fn glossary_get, glossary_put, glossary_patch; /* a conversation's when the path has an id */

#endif
