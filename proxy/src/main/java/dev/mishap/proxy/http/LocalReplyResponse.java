package dev.mishap.proxy.http;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The response that a {@link LocalReply} becomes: the route's edits, {@code local_reply_config}, gRPC's form. One a stream. */
final class LocalReplyResponse {
    private final HeaderMap headers = new HeaderMap();

    HeaderMap headers() {
        return headers;
    }

    /** Begins anew with a status. */
    HeaderMap start(int status) {
        headers.clear();
        headers.add(HeaderName.STATUS, statusText(status));
        return headers;
    }

    /**
     * Fills {@link #headers}, and sets the status that logs tell.
     *
     * @param route whose edits apply, or null for none
     * @param grpc whether the answer is gRPC's
     * @param head whether the request was a HEAD, whose answer tells of a body and has none
     * @return the body, or null when there is none to be sent
     */
    byte @Nullable [] prepare(
            LocalReply reply,
            ActiveStream stream,
            LocalReplyMapper mapper,
            @Nullable SelectedRoute route,
            boolean grpc,
            boolean head) {
        start(reply.status());
        if (route != null) {
            route.finalizeResponseHeaders(headers, stream);
        }
        if (reply.headers() != null) {
            reply.headers().apply(headers);
        }
        LocalReplyMapper.Reply out = new LocalReplyMapper.Reply(reply.status(), reply.body(), headers, grpc);
        stream.info().responseCode = reply.status();
        if (mapper != LocalReplyMapper.NONE) {
            mapper.rewrite(stream, out);
            headers.set(HeaderName.STATUS, statusText(out.status));
            stream.info().responseCode = out.status;
        }
        headers.remove(HeaderName.CONTENT_LENGTH); // who edits the headers does not know what the body will be
        if (grpc) {
            GrpcReply.toTrailersOnly(headers, out, reply.grpcStatus(), head);
            return null;
        }
        if (out.body.isEmpty()) {
            return null;
        }
        byte[] body = out.body.getBytes(StandardCharsets.UTF_8);
        headers.set(HeaderName.CONTENT_LENGTH, Integer.toString(body.length));
        if (!headers.contains(HeaderName.CONTENT_TYPE)) { // else the route has set it
            headers.set(HeaderName.CONTENT_TYPE, out.contentType);
        }
        return head ? null : body;
    }

    private static String statusText(int status) {
        return status == 200 ? "200" : status == 503 ? "503" : Integer.toString(status);
    }
}
