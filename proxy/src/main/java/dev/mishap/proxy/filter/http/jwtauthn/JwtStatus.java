package dev.mishap.proxy.filter.http.jwtauthn;

/** What came of a token, in Envoy's words. */
enum JwtStatus {
    OK("OK"),
    MISSED("Jwt is missing"),
    BAD_FORMAT("Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections"),
    HEADER_BASE64("Jwt header is an invalid Base64url encoded"),
    HEADER_JSON("Jwt header is an invalid JSON"),
    HEADER_ALG("Jwt header [alg] field is required and must be a string"),
    HEADER_ALG_UNKNOWN("Jwt header [alg] is not supported"),
    HEADER_KID("Jwt header [kid] field is not a string"),
    PAYLOAD_BASE64("Jwt payload is an invalid Base64url encoded"),
    PAYLOAD_JSON("Jwt payload is an invalid JSON"),
    ISS("Jwt payload [iss] field is not a string"),
    SUB("Jwt payload [sub] field is not a string"),
    IAT("Jwt payload [iat] field is not an integer"),
    IAT_RANGE("Jwt payload [iat] field is not a positive 64 bit integer"),
    NBF("Jwt payload [nbf] field is not an integer"),
    NBF_RANGE("Jwt payload [nbf] field is not a positive 64 bit integer"),
    EXP("Jwt payload [exp] field is not an integer"),
    EXP_RANGE("Jwt payload [exp] field is not a positive 64 bit integer"),
    JTI("Jwt payload [jti] field is not a string"),
    AUD("Jwt payload [aud] field is not a string or string list"),
    SIGNATURE_BASE64("Jwt signature is an invalid Base64url encoded"),
    ED25519_LENGTH("Jwt ED25519 signature is wrong length"),
    NOT_YET_VALID("Jwt not yet valid"),
    EXPIRED("Jwt is expired"),
    UNKNOWN_ISSUER("Jwt issuer is not configured"),
    AUDIENCE_NOT_ALLOWED("Audiences in Jwt are not allowed"),
    VERIFICATION_FAIL("Jwt verification fails"),
    NO_KEY("Jwks doesn't have key to match kid or alg from Jwt");

    private final String text;

    JwtStatus(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    /** The status of the answer when this is why a request is refused. */
    int http() {
        return this == AUDIENCE_NOT_ALLOWED ? 403 : 401;
    }
}
