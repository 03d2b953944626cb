package dev.mishap.proxy.filter.http.jwtauthn;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** One key of a set. Immutable. */
final class Jwk {
    private static final int ED25519_SIGNATURE = 64;

    private final String kty;
    private final String kid;
    private final String algorithm;
    private final @Nullable PublicKey key;
    private final byte[] secret;

    private Jwk(String kty, String kid, String algorithm, @Nullable PublicKey key, byte[] secret) {
        this.kty = kty;
        this.kid = kid;
        this.algorithm = algorithm;
        this.key = key;
        this.secret = secret;
    }

    /** {@code ""} when it has none. */
    String kid() {
        return kid;
    }

    /** The only algorithm that it is for, {@code ""} for any of its type. */
    String algorithm() {
        return algorithm;
    }

    /** The key of a JSON object, or null when it is none that we can use. */
    static @Nullable Jwk from(Map<?, ?> json) {
        String kty = text(json, "kty");
        String algorithm = text(json, "alg");
        if (!algorithm.isEmpty() && !Jwt.ALGORITHMS.contains(algorithm)) {
            return null;
        }
        try {
            PublicKey key = switch (kty) {
                case "RSA" -> rsa(json);
                case "EC" -> ec(json);
                case "OKP" -> ed25519(json);
                default -> null;
            };
            byte[] secret = kty.equals("oct") ? bytes(json, "k") : new byte[0];
            if (key == null && secret.length == 0) {
                return null;
            }
            return new Jwk(kty, text(json, "kid"), algorithm, key, secret);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return null; // another key of the set may do
        }
    }

    private static String text(Map<?, ?> json, String name) {
        return json.get(name) instanceof String text ? text : "";
    }

    private static byte[] bytes(Map<?, ?> json, String name) {
        return Base64.getUrlDecoder().decode(text(json, name));
    }

    private static BigInteger number(Map<?, ?> json, String name) {
        return new BigInteger(1, bytes(json, name));
    }

    private static PublicKey rsa(Map<?, ?> json) throws GeneralSecurityException {
        return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(number(json, "n"), number(json, "e")));
    }

    private static @Nullable PublicKey ec(Map<?, ?> json) throws GeneralSecurityException {
        String curve = switch (text(json, "crv")) {
            case "P-256", "" -> "secp256r1";
            case "P-384" -> "secp384r1";
            case "P-521" -> "secp521r1";
            default -> "";
        };
        if (curve.isEmpty()) {
            return null;
        }
        AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
        parameters.init(new ECGenParameterSpec(curve));
        ECParameterSpec spec = parameters.getParameterSpec(ECParameterSpec.class);
        ECPoint point = new ECPoint(number(json, "x"), number(json, "y"));
        return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, spec));
    }

    private static @Nullable PublicKey ed25519(Map<?, ?> json) throws GeneralSecurityException {
        byte[] x = bytes(json, "x");
        if (!text(json, "crv").equals("Ed25519") || x.length != 32) {
            return null;
        }
        boolean odd = (x[31] & 0x80) != 0;
        x[31] &= 0x7f;
        byte[] bigEndian = new byte[32];
        for (int i = 0; i < 32; i++) {
            bigEndian[i] = x[31 - i];
        }
        EdECPoint point = new EdECPoint(odd, new BigInteger(1, bigEndian));
        return KeyFactory.getInstance("EdDSA").generatePublic(new EdECPublicKeySpec(NamedParameterSpec.ED25519, point));
    }

    /** Whether {@code signature} is one of this key's. */
    JwtStatus verify(String alg, byte[] signed, byte[] signature) {
        if (kty.equals("OKP") && signature.length != ED25519_SIGNATURE) {
            return JwtStatus.ED25519_LENGTH;
        }
        try {
            boolean good = kty.equals("oct") ? mac(alg, signed, signature) : asymmetric(alg, signed, signature);
            return good ? JwtStatus.OK : JwtStatus.VERIFICATION_FAIL;
        } catch (GeneralSecurityException e) {
            return JwtStatus.VERIFICATION_FAIL; // a signature that can't be read is a bad one
        }
    }

    private boolean mac(String alg, byte[] signed, byte[] signature) throws GeneralSecurityException {
        if (!alg.startsWith("HS")) {
            return false;
        }
        Mac mac = Mac.getInstance("HmacSHA" + alg.substring(2));
        mac.init(new SecretKeySpec(secret, mac.getAlgorithm()));
        return MessageDigest.isEqual(mac.doFinal(signed), signature);
    }

    private boolean asymmetric(String alg, byte[] signed, byte[] signature) throws GeneralSecurityException {
        Signature verifier = verifier(alg);
        if (verifier == null || key == null) {
            return false;
        }
        verifier.initVerify(key);
        verifier.update(signed);
        return verifier.verify(signature);
    }

    /** What verifies {@code alg} with a key of this type, or null when there is no such thing. */
    private @Nullable Signature verifier(String alg) throws GeneralSecurityException {
        String bits = alg.substring(2);
        switch (kty) {
            case "RSA":
                if (alg.startsWith("RS")) {
                    return Signature.getInstance("SHA" + bits + "withRSA");
                }
                if (alg.startsWith("PS")) {
                    Signature pss = Signature.getInstance("RSASSA-PSS");
                    MGF1ParameterSpec mask = new MGF1ParameterSpec("SHA-" + bits);
                    pss.setParameter(new PSSParameterSpec("SHA-" + bits, "MGF1", mask, Integer.parseInt(bits) / 8, 1));
                    return pss;
                }
                return null;
            case "EC":
                return alg.startsWith("ES") ? Signature.getInstance("SHA" + bits + "withECDSAinP1363Format") : null;
            default:
                return alg.equals("EdDSA") ? Signature.getInstance("Ed25519") : null;
        }
    }
}
