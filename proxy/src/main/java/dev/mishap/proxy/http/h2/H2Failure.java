package dev.mishap.proxy.http.h2;

/**
 * Why a connection ends.
 *
 * @param code that GOAWAY carries
 * @param sendsGoAway whether the peer is told
 * @param flood whether the peer asked for more work or memory than it may
 * @param details what the streams that are lost are told
 */
public record H2Failure(int code, boolean sendsGoAway, boolean flood, String details) {
    static final H2Failure BAD_PREFACE = new H2Failure(H2Error.PROTOCOL_ERROR, false, false, "codec_error");
    static final H2Failure NO_SETTINGS = new H2Failure(H2Error.PROTOCOL_ERROR, true, false, "codec_error");
    static final H2Failure KEEPALIVE = new H2Failure(H2Error.NO_ERROR, false, false, "keepalive_timeout");
    static final H2Failure TOO_MANY_CONTINUATIONS = new H2Failure(H2Error.PROTOCOL_ERROR, false, false, "codec_error");

    static H2Failure of(int code) {
        return new H2Failure(code, true, false, "codec_error");
    }

    static H2Failure messaging(String details) {
        return new H2Failure(H2Error.PROTOCOL_ERROR, false, false, details);
    }

    static H2Failure flood(String details) {
        return new H2Failure(H2Error.ENHANCE_YOUR_CALM, false, true, details);
    }
}
