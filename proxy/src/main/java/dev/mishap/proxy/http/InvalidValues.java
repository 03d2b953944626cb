package dev.mishap.proxy.http;

/** What becomes of headers that this proxy has made and that no message can hold: what a client escaped may be decoded in them, a line's end too. */
public final class InvalidValues {
    private InvalidValues() {}

    /** Answers a request that has such a header, as Envoy's router does; PAUSE when it did. */
    public static Flow check(HttpStream stream, HeaderMap request) {
        int wrong = request.invalidValue();
        if (wrong < 0) {
            return Flow.CONTINUE;
        }
        String text = "invalid header value for: " + request.name(wrong);
        stream.info().addFlag(ResponseFlag.DOWNSTREAM_PROTOCOL_ERROR);
        stream.sendLocalReply(
                LocalReply.of(503, text, "filter_removed_required_request_headers{" + text.replace(' ', '_') + "}"));
        return Flow.PAUSE;
    }

    /** Leaves such headers out of a response, which Envoy writes as they are, or of a request of the proxy's own. */
    public static void leaveOut(HeaderMap headers) {
        for (int i = headers.invalidValue(); i >= 0; i = headers.invalidValue()) {
            headers.removeAt(i);
        }
    }
}
