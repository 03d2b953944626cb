package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.json.JsonReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A token taken apart (RFC 7519, compact form); not verified.
 *
 * @param kid {@code ""} when it has none
 * @param issuer {@code ""} when it has none
 * @param subject {@code ""} when it has none
 * @param expires seconds since the epoch, 0 when it has no end
 * @param notBefore seconds since the epoch, 0 when it has none
 * @param payloadText the second section as it came
 * @param signedLength how many characters of the token are signed
 */
record Jwt(
        String token,
        Map<String, @Nullable Object> header,
        Map<String, @Nullable Object> payload,
        String algorithm,
        String kid,
        String issuer,
        String subject,
        List<String> audiences,
        long expires,
        long notBefore,
        String payloadText,
        int signedLength,
        byte[] signature) {
    static final Set<String> ALGORITHMS = Set.of(
            "ES256", "ES384", "ES512", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
            "EdDSA");

    /** Why a token is none. */
    static final class BadTokenException extends Exception {
        private static final long serialVersionUID = 1L;
        final transient JwtStatus status;

        BadTokenException(JwtStatus status) {
            super(status.text(), null, false, false);
            this.status = status;
        }
    }

    /** The bytes that the signature is over. */
    byte[] signed() {
        return token.substring(0, signedLength).getBytes(StandardCharsets.ISO_8859_1);
    }

    static Jwt parse(String token) throws BadTokenException {
        int first = token.indexOf('.');
        int second = first < 0 ? -1 : token.indexOf('.', first + 1);
        if (second < 0 || token.indexOf('.', second + 1) >= 0) {
            throw new BadTokenException(JwtStatus.BAD_FORMAT);
        }
        Map<String, @Nullable Object> header =
                object(token.substring(0, first), JwtStatus.HEADER_BASE64, JwtStatus.HEADER_JSON);
        if (!(header.get("alg") instanceof String algorithm)) {
            throw new BadTokenException(JwtStatus.HEADER_ALG);
        }
        if (!ALGORITHMS.contains(algorithm)) {
            throw new BadTokenException(JwtStatus.HEADER_ALG_UNKNOWN);
        }
        String kid = text(header, "kid", JwtStatus.HEADER_KID);
        String payloadText = token.substring(first + 1, second);
        Map<String, @Nullable Object> payload = object(payloadText, JwtStatus.PAYLOAD_BASE64, JwtStatus.PAYLOAD_JSON);
        String issuer = text(payload, "iss", JwtStatus.ISS);
        String subject = text(payload, "sub", JwtStatus.SUB);
        seconds(payload, "iat", JwtStatus.IAT, JwtStatus.IAT_RANGE);
        long notBefore = seconds(payload, "nbf", JwtStatus.NBF, JwtStatus.NBF_RANGE);
        long expires = seconds(payload, "exp", JwtStatus.EXP, JwtStatus.EXP_RANGE);
        text(payload, "jti", JwtStatus.JTI);
        List<String> audiences = audiences(payload.get("aud"), payload.containsKey("aud"));
        byte[] signature = decode(token.substring(second + 1), JwtStatus.SIGNATURE_BASE64);
        return new Jwt(
                token,
                header,
                payload,
                algorithm,
                kid,
                issuer,
                subject,
                audiences,
                expires,
                notBefore,
                payloadText,
                second,
                signature);
    }

    @SuppressWarnings("unchecked") // what the reader makes of an object
    private static Map<String, @Nullable Object> object(String section, JwtStatus badBase64, JwtStatus badJson)
            throws BadTokenException {
        byte[] bytes = decode(section, badBase64);
        try {
            if (JsonReader.read(bytes) instanceof Map<?, ?> map) {
                return (Map<String, @Nullable Object>) map;
            }
        } catch (JsonReader.MalformedException e) {
            // as below
        }
        throw new BadTokenException(badJson);
    }

    private static byte[] decode(String section, JwtStatus problem) throws BadTokenException {
        if (section.indexOf('=') >= 0 || section.isEmpty()) { // the form has no padding
            throw new BadTokenException(problem);
        }
        try {
            return Base64.getUrlDecoder().decode(section);
        } catch (IllegalArgumentException e) {
            throw new BadTokenException(problem);
        }
    }

    private static String text(Map<String, @Nullable Object> object, String name, JwtStatus problem)
            throws BadTokenException {
        if (!object.containsKey(name)) {
            return "";
        }
        if (object.get(name) instanceof String text) {
            return text;
        }
        throw new BadTokenException(problem);
    }

    private static long seconds(
            Map<String, @Nullable Object> payload, String name, JwtStatus notInteger, JwtStatus outOfRange)
            throws BadTokenException {
        if (!payload.containsKey(name)) {
            return 0;
        }
        Object value = payload.get(name);
        double number = value instanceof Number n ? n.doubleValue() : Double.NaN;
        if (Double.isNaN(number)) {
            throw new BadTokenException(notInteger);
        }
        if (number < 0 || number >= 0x1p63) {
            throw new BadTokenException(outOfRange);
        }
        return value instanceof Long exact ? exact : (long) number;
    }

    private static List<String> audiences(@Nullable Object aud, boolean present) throws BadTokenException {
        if (!present) {
            return List.of();
        }
        if (aud instanceof String one) {
            return List.of(one);
        }
        if (aud instanceof List<?> list) {
            List<String> all = new ArrayList<>();
            for (Object o : list) {
                if (!(o instanceof String text)) {
                    throw new BadTokenException(JwtStatus.AUD);
                }
                all.add(text);
            }
            return all;
        }
        throw new BadTokenException(JwtStatus.AUD);
    }
}
