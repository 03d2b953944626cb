package dev.mishap.proxy.filter.http.cdnloop;

import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;

/** Says in CDN-Loop that a request was here, and answers 502 when it was too often. */
final class CdnLoopFilter implements HttpFilter {
    private static final HeaderName CDN_LOOP = HeaderName.of("cdn-loop");
    private static final LocalReply INVALID =
            LocalReply.of(400, "Invalid CDN-Loop header in request.", "invalid_cdn_loop_header");
    private static final LocalReply LOOP =
            LocalReply.of(502, "The server has detected a loop between CDNs.", "cdn_loop_detected");

    private final String id;
    private final int most;

    /** @param most how often the request may have been here */
    CdnLoopFilter(String id, int most) {
        this.id = id;
        this.most = most;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        String been = headers.get(CDN_LOOP); // one line: repeated ones are joined
        if (been == null || been.isEmpty()) {
            headers.set(CDN_LOOP, id);
            return Flow.CONTINUE;
        }
        int times = CdnInfo.count(been, id);
        if (times < 0 || times > most) {
            stream.sendLocalReply(times < 0 ? INVALID : LOOP);
            return Flow.PAUSE;
        }
        headers.set(CDN_LOOP, been + ',' + id);
        return Flow.CONTINUE;
    }
}
