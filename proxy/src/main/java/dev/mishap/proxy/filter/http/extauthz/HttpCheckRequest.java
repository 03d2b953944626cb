package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;

/** The request that asks an HTTP service about a request. */
final class HttpCheckRequest {
    private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
    /** Tells whether the body that the service gets is not all. */
    static final HeaderName PARTIAL_BODY = HeaderName.of("x-envoy-auth-partial-body");

    private static final byte[] NO_BODY = {};

    private HttpCheckRequest() {}

    static AsyncHttpRequest of(
            ExtAuthzConfig config, ExtAuthzConfig.Service service, HeaderMap request, Check.Question question) {
        byte[] body = question.body();
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.METHOD, text(request, HeaderName.METHOD));
        headers.add(HeaderName.SCHEME, "http");
        headers.add(HeaderName.AUTHORITY, text(request, HeaderName.AUTHORITY));
        headers.add(
                HeaderName.PATH,
                service.path().isEmpty() ? service.pathPrefix() + text(request, HeaderName.PATH) : service.path());
        for (int i = 0; i < request.size(); i++) {
            if (request.isPseudo(i) || request.isNamed(i, HeaderName.CONTENT_LENGTH)) {
                continue;
            }
            String name = request.name(i);
            boolean asked =
                    request.isNamed(i, AUTHORIZATION) || config.toService().contain(name);
            if (asked && !config.neverToService().contain(name)) {
                headers.add(HeaderName.unshared(name), request.value(i));
            }
        }
        headers.set(HeaderName.CONTENT_LENGTH, Integer.toString(body.length));
        if (question.withBody()) {
            headers.set(PARTIAL_BODY, Boolean.toString(question.partial()));
        }
        for (ExtAuthzConfig.Header header : service.added()) {
            headers.set(header.name(), header.value());
        }
        int limit = 1 << 20; // of the answer's body
        return new AsyncHttpRequest(
                headers,
                body.length == 0 ? NO_BODY : body,
                service.timeoutNanos(),
                AsyncHttpRequest.Retries.NONE,
                limit);
    }

    private static String text(HeaderMap request, HeaderName name) {
        String value = request.get(name);
        return value == null ? "" : value;
    }
}
