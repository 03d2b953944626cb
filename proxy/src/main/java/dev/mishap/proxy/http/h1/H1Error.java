package dev.mishap.proxy.http.h1;

/** Why a message was refused; {@link #details} are Envoy's %RESPONSE_CODE_DETAILS%. */
public enum H1Error {
    CODEC_ERROR(400, "http1.codec_error"),
    INVALID_CHARACTERS(400, "http1.invalid_characters"),
    INVALID_URL(400, "http1.invalid_url"),
    INVALID_SCHEME(400, "http1.invalid_scheme"),
    INVALID_AUTHORITY(400, "http.invalid_authority"),
    CONTENT_LENGTH_AND_CHUNKED(400, "http1.content_length_and_chunked_not_allowed"),
    CONNECTION_HEADER(400, "http1.connection_header_rejected"),
    BODY_DISALLOWED(400, "http1.body_disallowed"),
    UNDERSCORE(400, "http1.unexpected_underscore"),
    TRANSFER_ENCODING(501, "http1.invalid_transfer_encoding"),
    TOO_MANY_HEADERS(431, "http1.too_many_headers"),
    HEADERS_TOO_LARGE(431, "http1.headers_too_large"),
    TRAILERS_TOO_LARGE(431, "http1.trailers_too_large");

    private final int status;
    private final String details;

    H1Error(int status, String details) {
        this.status = status;
        this.details = details;
    }

    /** The status that a server answers with. */
    public int status() {
        return status;
    }

    public String details() {
        return details;
    }
}
