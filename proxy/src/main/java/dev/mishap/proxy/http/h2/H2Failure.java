package dev.mishap.proxy.http.h2;

import org.jspecify.annotations.Nullable;

/**
 * Why a connection ends. Which failures are announced by GOAWAY, and in which words, is as in Envoy.
 *
 * @param code of the error
 * @param announcement what GOAWAY says besides; null = there is no GOAWAY
 * @param flood whether the peer asked for more work or memory than it may
 * @param details what the streams are told that are lost
 */
public record H2Failure(int code, @Nullable String announcement, boolean flood, String details) {
    private static final String CODEC_ERROR = "codec_error:The_user_callback_function_failed";

    static final H2Failure BAD_PREFACE = silent(H2Error.PROTOCOL_ERROR);
    static final H2Failure NO_SETTINGS = announced(H2Error.PROTOCOL_ERROR, "SETTINGS expected");
    static final H2Failure TOO_LARGE_FRAME = announced(H2Error.FRAME_SIZE_ERROR, "too large frame size");
    static final H2Failure DATA_ON_IDLE = announced(H2Error.PROTOCOL_ERROR, "DATA: stream in idle");
    static final H2Failure DATA_AFTER_END = announced(H2Error.STREAM_CLOSED, "DATA: stream in half-closed(remote)");
    static final H2Failure STRAY_CONTINUATION = announced(H2Error.PROTOCOL_ERROR, "CONTINUATION: unexpected");
    static final H2Failure INTERRUPTED_BLOCK =
            announced(H2Error.PROTOCOL_ERROR, "unexpected non-CONTINUATION frame or stream_id is invalid");
    static final H2Failure BAD_LENGTH = announced(H2Error.FRAME_SIZE_ERROR, "");
    static final H2Failure BAD_COMPRESSION = announced(H2Error.COMPRESSION_ERROR, "");
    /** Not Envoy's, which reads a header block of any size for one that it drops. */
    static final H2Failure TOO_LARGE_BLOCK = silent(H2Error.ENHANCE_YOUR_CALM);

    static final H2Failure KEEPALIVE = new H2Failure(H2Error.NO_ERROR, null, false, "keepalive_timeout");

    static H2Failure announced(int code, String words) {
        return new H2Failure(code, words, false, CODEC_ERROR);
    }

    static H2Failure silent(int code) {
        return new H2Failure(code, null, false, CODEC_ERROR);
    }

    static H2Failure flood(String details) {
        return new H2Failure(H2Error.ENHANCE_YOUR_CALM, null, true, details);
    }
}
