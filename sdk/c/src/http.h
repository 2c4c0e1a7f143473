/* What a component and a node in memory say alike of HTTP. */
#ifndef KOI_SRC_HTTP_H
#define KOI_SRC_HTTP_H

#include "koi/host.h"

/* The failure of a request that was not granted, which names the grant. */
koi_result koi_http_denied(const koi_http_request *request);

#endif
