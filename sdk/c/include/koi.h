/**
 * @file
 * Write an extension for koi-mcp in C: a domain, with its RID types, schemas, knowledge handlers, MCP tools
 * and resources, as a WebAssembly component.
 *
 * An extension defines `koi_extension` (what it is) and, of the tables and functions in koi/extension.h, those
 * that the domain needs. Which interfaces the component exports follows from what is defined. What the host
 * offers is in koi/host.h.
 *
 * Ownership: everything that a function of the SDK gives (texts, JSON, arrays) lives in an arena that is
 * emptied when the call of the extension has ended and its answer was taken. Nothing of it is freed by the
 * author. What is to outlive a call (the state of a singleton) is kept in memory of `malloc`.
 *
 * Failures are values: a function answers KOI_OK or a koi_error. Running out of memory ends the call.
 */
#ifndef KOI_H
#define KOI_H

#include "koi/text.h"
#include "koi/error.h"
#include "koi/json.h"
#include "koi/description.h"
#include "koi/extension.h"
#include "koi/host.h"

#endif
