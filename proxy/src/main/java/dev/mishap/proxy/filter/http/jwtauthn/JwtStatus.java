package dev.mishap.proxy.filter.http.jwtauthn;

/** What came of a token, in Envoy's words. */
enum JwtStatus {
    OK("OK", 0),
    MISSED("Jwt is missing", 1),
    BAD_FORMAT("Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections", 4),
    HEADER_BASE64("Jwt header is an invalid Base64url encoded", 5),
    HEADER_JSON("Jwt header is an invalid JSON", 6),
    HEADER_ALG("Jwt header [alg] field is required and must be a string", 7),
    HEADER_ALG_UNKNOWN("Jwt header [alg] is not supported", 8),
    HEADER_KID("Jwt header [kid] field is not a string", 9),
    PAYLOAD_BASE64("Jwt payload is an invalid Base64url encoded", 10),
    PAYLOAD_JSON("Jwt payload is an invalid JSON", 11),
    ISS("Jwt payload [iss] field is not a string", 12),
    SUB("Jwt payload [sub] field is not a string", 13),
    IAT("Jwt payload [iat] field is not an integer", 14),
    IAT_RANGE("Jwt payload [iat] field is not a positive 64 bit integer", 15),
    NBF("Jwt payload [nbf] field is not an integer", 16),
    NBF_RANGE("Jwt payload [nbf] field is not a positive 64 bit integer", 17),
    EXP("Jwt payload [exp] field is not an integer", 18),
    EXP_RANGE("Jwt payload [exp] field is not a positive 64 bit integer", 19),
    JTI("Jwt payload [jti] field is not a string", 20),
    AUD("Jwt payload [aud] field is not a string or string list", 21),
    SIGNATURE_BASE64("Jwt signature is an invalid Base64url encoded", 22),
    ED25519_LENGTH("Jwt ED25519 signature is wrong length", 23),
    NOT_YET_VALID("Jwt not yet valid", 2),
    EXPIRED("Jwt is expired", 3),
    UNKNOWN_ISSUER("Jwt issuer is not configured", 24),
    AUDIENCE_NOT_ALLOWED("Audiences in Jwt are not allowed", 25),
    VERIFICATION_FAIL("Jwt verification fails", 26),
    NO_KEY("Jwks doesn't have key to match kid or alg from Jwt", 32),
    FETCH_FAIL("Jwks remote fetch is failed", 40),
    /** Nothing yet: keys have to be fetched first. */
    PENDING("", -1);

    private final String text;
    private final int code;

    JwtStatus(String text, int code) {
        this.text = text;
        this.code = code;
    }

    /** The number that metadata tell, that of Envoy's library of tokens. */
    int code() {
        return code;
    }

    String text() {
        return text;
    }

    /** The status of the answer when this is why a request is refused. */
    int http() {
        return this == AUDIENCE_NOT_ALLOWED ? 403 : 401;
    }
}
