package dev.mishap.proxy.filter.http.jwtauthn;

import dev.mishap.proxy.json.JsonReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The keys of an issuer (RFC 7517). Immutable. */
final class Jwks {
    private final List<Jwk> keys;

    private Jwks(List<Jwk> keys) {
        this.keys = keys;
    }

    /** Why a text is no set of keys, in Envoy's words. */
    static final class BadKeysException extends Exception {
        private static final long serialVersionUID = 1L;

        BadKeysException(String message) {
            super(message, null, false, false);
        }
    }

    /** Reads a set; keys that can't be used are left out as long as one can be. */
    static Jwks parse(byte[] utf8) throws BadKeysException {
        Object json;
        try {
            json = JsonReader.read(utf8);
        } catch (JsonReader.MalformedException e) {
            throw new BadKeysException("Jwks is an invalid JSON");
        }
        if (!(json instanceof Map<?, ?> map) || !map.containsKey("keys")) {
            throw new BadKeysException("Jwks does not have [keys] field");
        }
        if (!(map.get("keys") instanceof List<?> list)) {
            throw new BadKeysException("[keys] in Jwks is not an array");
        }
        List<Jwk> keys = new ArrayList<>();
        for (Object entry : list) {
            Jwk key = entry instanceof Map<?, ?> fields ? Jwk.from(fields) : null;
            if (key != null) {
                keys.add(key);
            }
        }
        if (keys.isEmpty()) {
            throw new BadKeysException("Jwks doesn't have any valid public key");
        }
        return new Jwks(List.copyOf(keys));
    }

    /** Tries the keys that the token's {@code kid} and {@code alg} allow, in their order. */
    JwtStatus verify(Jwt jwt) {
        boolean any = false;
        byte[] signed = null;
        for (Jwk key : keys) {
            if (!jwt.kid().isEmpty() && !key.kid().isEmpty() && !key.kid().equals(jwt.kid())
                    || !key.algorithm().isEmpty() && !key.algorithm().equals(jwt.algorithm())) {
                continue;
            }
            any = true;
            if (signed == null) {
                signed = jwt.signed();
            }
            JwtStatus status = key.verify(jwt.algorithm(), signed, jwt.signature());
            if (status != JwtStatus.VERIFICATION_FAIL) {
                return status;
            }
        }
        return any ? JwtStatus.VERIFICATION_FAIL : JwtStatus.NO_KEY;
    }
}
