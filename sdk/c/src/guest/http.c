/* A request and its response over wasi:http. Fails with `denied` without the grant, `invalid-input` for what is no
 * request, `transient` where no response came, `permanent` for what is too large or no HTTP. */
#include "../http.h"
#include "values.h"

/* Most bytes that a stream takes at once. */
#define CHUNK ((size_t)4096)

typedef wasi_http_types_own_future_incoming_response_t future;

static koi_text method_of(const koi_http_request *request)
{
    return koi_text_of(request->method == NULL ? "GET" : request->method);
}

static koi_result wrong(const koi_http_request *request, const char *what)
{
    return koi_invalid_input("`{} {}` cannot be sent: {}", method_of(request), request->url, koi_text_of(what));
}

static koi_result lost(const koi_http_request *request)
{
    return koi_transient("the exchange `{} {}` broke off", method_of(request), request->url);
}

static koi_result failed(const koi_http_request *request, const wasi_http_types_error_code_t *code)
{
    bool passes = true;
    koi_text message;
    switch (code->tag) {
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED:
        return koi_http_denied(request);
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_ERROR:
        message = code->val.dns_error.rcode.is_some ? koi_from_guest(code->val.dns_error.rcode.val)
                                                    : KOI_TEXT("its host was not found");
        break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED:
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_UNAVAILABLE:
        message = KOI_TEXT("its host cannot be reached");
        break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT:
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT:
        message = KOI_TEXT("no answer came in time");
        break;
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_LIMIT_REACHED:
        message = KOI_TEXT("too many answers have not been read yet");
        break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE:
        passes = false;
        message = KOI_TEXT("it is larger than the call may send");
        break;
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE:
        passes = false;
        message = KOI_TEXT("the answer is too large");
        break;
    default:
        passes = false;
        message = koi_format("the code of wasi:http is {}", koi_decimal(code->tag));
    }
    koi_text told = koi_format("`{} {}` came to nothing: {}", method_of(request), request->url, message);
    return koi_fail(passes ? KOI_TRANSIENT : KOI_PERMANENT, told);
}

static wasi_http_types_method_t known_method(koi_text method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (size_t at = 0; at < sizeof names / sizeof *names; at++) {
        if (koi_equal(method, koi_text_of(names[at])))
            return (wasi_http_types_method_t){.tag = (uint8_t)at};
    }
    return (wasi_http_types_method_t){.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val.other = koi_to_guest(method)};
}

typedef struct parts {
    koi_text scheme;
    koi_text authority;
    koi_text path;
} parts;

static koi_result parts_of(const koi_http_request *request, parts *parts)
{
    koi_text rest;
    if (!koi_split(request->url, ':', &parts->scheme, &rest) || !koi_begins(rest, KOI_TEXT("//"), &rest))
        return wrong(request, "its URL has no scheme");
    koi_text fragment;
    koi_split(rest, '#', &rest, &fragment);
    size_t end = 0;
    while (end < rest.size && rest.data[end] != '/' && rest.data[end] != '?')
        end++;
    parts->authority = koi_part(rest, 0, end);
    koi_text path = koi_part(rest, end, rest.size);
    parts->path = koi_begins(path, KOI_TEXT("/"), NULL) ? path : koi_format("/{}", path);
    return KOI_OK;
}

static koi_result outgoing(const koi_http_request *request, wasi_http_types_own_outgoing_request_t *made)
{
    parts parts;
    KOI_TRY(parts_of(request, &parts));
    wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
    for (size_t at = 0; at < request->header_count; at++) {
        guest_string_t name = koi_to_guest(request->headers[at].name);
        guest_list_u8_t bytes = koi_to_bytes(request->headers[at].value);
        wasi_http_types_field_value_t value = {bytes.ptr, bytes.len};
        wasi_http_types_result_void_header_error_t answer;
        wasi_http_types_method_fields_append(wasi_http_types_borrow_fields(fields), &name, &value, &answer);
        if (answer.is_err)
            return wrong(request, "one of its headers is not allowed");
    }
    *made = wasi_http_types_constructor_outgoing_request(fields);
    wasi_http_types_borrow_outgoing_request_t lent = wasi_http_types_borrow_outgoing_request(*made);
    wasi_http_types_result_void_void_t answer;
    wasi_http_types_method_t method = known_method(method_of(request));
    wasi_http_types_method_outgoing_request_set_method(lent, &method, &answer);
    if (answer.is_err)
        return wrong(request, "its method makes no sense");
    wasi_http_types_option_scheme_t scheme = {.is_some = true};
    if (koi_equal(parts.scheme, KOI_TEXT("http"))) {
        scheme.val.tag = WASI_HTTP_TYPES_SCHEME_HTTP;
    } else if (koi_equal(parts.scheme, KOI_TEXT("https"))) {
        scheme.val.tag = WASI_HTTP_TYPES_SCHEME_HTTPS;
    } else {
        scheme.val.tag = WASI_HTTP_TYPES_SCHEME_OTHER;
        scheme.val.val.other = koi_to_guest(parts.scheme);
    }
    wasi_http_types_method_outgoing_request_set_scheme(lent, &scheme, &answer);
    if (answer.is_err)
        return wrong(request, "its scheme makes no sense");
    guest_option_string_t authority = koi_to_option(parts.authority);
    wasi_http_types_method_outgoing_request_set_authority(lent, &authority, &answer);
    if (answer.is_err)
        return wrong(request, "its host makes no sense");
    guest_option_string_t path = koi_to_option(parts.path);
    wasi_http_types_method_outgoing_request_set_path_with_query(lent, &path, &answer);
    return answer.is_err ? wrong(request, "its path makes no sense") : KOI_OK;
}

/* Writes all of a body and ends it. False if nobody took it. */
static bool write_body(wasi_http_types_own_outgoing_body_t body, koi_bytes bytes)
{
    wasi_http_types_result_own_output_stream_void_t opened;
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &opened);
    if (opened.is_err)
        return false;
    bool taken = true;
    for (size_t at = 0; taken && at < bytes.size; at += CHUNK) {
        guest_list_u8_t chunk = koi_to_bytes(koi_part(bytes, at, at + CHUNK));
        wasi_io_streams_result_void_stream_error_t answer;
        wasi_io_streams_borrow_output_stream_t lent = wasi_io_streams_borrow_output_stream(opened.val.ok);
        wasi_io_streams_method_output_stream_blocking_write_and_flush(lent, &chunk, &answer);
        taken = !answer.is_err;
    }
    wasi_io_streams_output_stream_drop_own(opened.val.ok);
    wasi_http_types_option_own_trailers_t trailers = {.is_some = false};
    wasi_http_types_result_void_error_code_t finished;
    wasi_http_types_static_outgoing_body_finish(body, &trailers, &finished);
    return taken && !finished.is_err;
}

static koi_result taken(const koi_http_request *request, wasi_http_types_own_incoming_response_t given,
                        koi_http_response *response)
{
    wasi_http_types_borrow_incoming_response_t lent = wasi_http_types_borrow_incoming_response(given);
    response->status = wasi_http_types_method_incoming_response_status(lent);
    wasi_http_types_own_headers_t headers = wasi_http_types_method_incoming_response_headers(lent);
    wasi_http_types_list_tuple2_field_name_field_value_t entries;
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(headers), &entries);
    wasi_http_types_fields_drop_own(headers);
    koi_header *copies = koi_alloc(entries.len * sizeof *copies);
    for (size_t at = 0; at < entries.len; at++) {
        guest_list_u8_t value = {entries.ptr[at].f1.ptr, entries.ptr[at].f1.len};
        copies[at] = (koi_header){koi_from_guest(entries.ptr[at].f0), koi_from_bytes(value)};
    }
    response->headers = copies;
    response->header_count = entries.len;
    wasi_http_types_result_own_incoming_body_void_t body;
    wasi_http_types_method_incoming_response_consume(lent, &body);
    if (body.is_err)
        return lost(request);
    wasi_http_types_result_own_input_stream_void_t stream;
    wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body.val.ok), &stream);
    if (stream.is_err)
        return lost(request);
    koi_buffer all = {0};
    wasi_io_streams_result_list_u8_stream_error_t read;
    for (;;) {
        wasi_io_streams_borrow_input_stream_t from = wasi_io_streams_borrow_input_stream(stream.val.ok);
        wasi_io_streams_method_input_stream_blocking_read(from, 1 << 20, &read);
        if (read.is_err)
            break;
        koi_append(&all, koi_from_bytes(read.val.ok));
    }
    bool broken = read.val.err.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED;
    if (broken)
        wasi_io_error_error_drop_own(read.val.err.val.last_operation_failed);
    wasi_io_streams_input_stream_drop_own(stream.val.ok);
    wasi_http_types_incoming_body_drop_own(body.val.ok);
    wasi_http_types_incoming_response_drop_own(given);
    response->body = koi_text_in(&all);
    return broken ? lost(request) : KOI_OK;
}

static koi_result answered(const koi_http_request *request, future answer, bool sent, koi_http_response *response)
{
    wasi_http_types_borrow_future_incoming_response_t lent = wasi_http_types_borrow_future_incoming_response(answer);
    wasi_http_types_option_result_result_own_incoming_response_error_code_void_t got;
    if (sent) {
        wasi_http_types_own_pollable_t ready = wasi_http_types_method_future_incoming_response_subscribe(lent);
        wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
        wasi_io_poll_pollable_drop_own(ready);
    }
    wasi_http_types_method_future_incoming_response_get(lent, &got);
    wasi_http_types_future_incoming_response_drop_own(answer);
    if (!got.is_some || got.val.is_err)
        return lost(request);
    if (got.val.val.ok.is_err)
        return failed(request, &got.val.val.ok.val.err);
    return sent ? taken(request, got.val.val.ok.val.ok, response) : lost(request);
}

koi_result koi_http_fetch(const koi_http_request *request, koi_http_response *response)
{
    wasi_http_types_own_outgoing_request_t made;
    KOI_TRY(outgoing(request, &made));
    wasi_http_types_result_own_outgoing_body_void_t body;
    wasi_http_types_method_outgoing_request_body(wasi_http_types_borrow_outgoing_request(made), &body);
    if (body.is_err)
        return lost(request);
    wasi_http_outgoing_handler_option_own_request_options_t options = {.is_some = request->milliseconds != 0};
    if (options.is_some) {
        options.val = wasi_http_types_constructor_request_options();
        wasi_http_types_option_duration_t time = {.is_some = true, .val = request->milliseconds * UINT64_C(1000000)};
        wasi_http_types_result_void_void_t set;
        wasi_http_types_method_request_options_set_first_byte_timeout(
            wasi_http_types_borrow_request_options(options.val), &time, &set);
    }
    /* The body is taken in while it is written, so the exchange begins before. */
    wasi_http_outgoing_handler_result_own_future_incoming_response_error_code_t begun;
    wasi_http_outgoing_handler_handle(made, &options, &begun);
    if (begun.is_err)
        return failed(request, &begun.val.err);
    /* Where nobody took the body, the answer says why. */
    bool sent = write_body(body.val.ok, request->body);
    return answered(request, begun.val.ok, sent, response);
}
