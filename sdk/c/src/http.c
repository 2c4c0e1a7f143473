/* What a component and a node in memory say alike of HTTP. */
#include "http.h"

koi_result koi_http_denied(const koi_http_request *request)
{
    koi_text method = koi_text_of(request->method == NULL ? "GET" : request->method);
    koi_text url = request->url;
    size_t end = 0;
    for (int slashes = 0; end < url.size; end++) {
        char letter = url.data[end];
        slashes += letter == '/';
        if (slashes == 3 || letter == '?' || letter == '#')
            break;
    }
    return koi_denied("`{} {}` was not sent: it needs the grant `http={}:{}`", method, url, method,
                      koi_part(url, 0, end));
}
