package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.upstream.client.AsyncHttpRequest;

/** The request that asks the service about a request. */
final class CheckRequest {
    private static final HeaderName AUTHORIZATION = HeaderName.of("authorization");
    private static final HeaderName PARTIAL_BODY = HeaderName.of("x-envoy-auth-partial-body");
    private static final byte[] NO_BODY = {};

    private CheckRequest() {}

    /**
     * Makes it.
     *
     * @param body what there is of the request's body, or null when the service gets none
     * @param partial whether that is not all
     */
    static AsyncHttpRequest of(
            ExtAuthzConfig config, HeaderMap request, byte[] body, boolean withBody, boolean partial) {
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.METHOD, text(request, HeaderName.METHOD));
        headers.add(HeaderName.SCHEME, "http");
        headers.add(HeaderName.AUTHORITY, text(request, HeaderName.AUTHORITY));
        headers.add(HeaderName.PATH, config.service().pathPrefix() + text(request, HeaderName.PATH));
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
        if (withBody) {
            headers.set(PARTIAL_BODY, Boolean.toString(partial));
        }
        for (ExtAuthzConfig.Header header : config.service().added()) {
            headers.set(header.name(), header.value());
        }
        int limit = 1 << 20; // of the answer's body
        return new AsyncHttpRequest(
                headers, body.length == 0 ? NO_BODY : body, config.service().timeoutNanos(), 0, limit);
    }

    private static String text(HeaderMap request, HeaderName name) {
        String value = request.get(name);
        return value == null ? "" : value;
    }
}
