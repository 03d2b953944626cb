package dev.mishap.proxy.filter.http.jwtauthn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.util.Base64;
import java.util.Random;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JwtTest {
    private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String encode(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hmac(String header, String payload) throws Exception {
        String signed = encode(header) + "." + encode(payload);
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        return signed + "." + encode(mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII)));
    }

    private static Jwks keys(String json) throws Exception {
        return Jwks.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{} | {} | HEADER_ALG",
                "{'alg':'none'} | {} | HEADER_ALG_UNKNOWN",
                "{'alg':'HS256','kid':1} | {} | HEADER_KID",
                "x | {} | HEADER_JSON",
                "[] | {} | HEADER_JSON",
                "{'alg':'HS256'} | [] | PAYLOAD_JSON",
                "{'alg':'HS256'} | {'iss':1} | ISS",
                "{'alg':'HS256'} | {'sub':[]} | SUB",
                "{'alg':'HS256'} | {'iat':'1'} | IAT",
                "{'alg':'HS256'} | {'nbf':true} | NBF",
                "{'alg':'HS256'} | {'exp':null} | EXP",
                "{'alg':'HS256'} | {'exp':-1} | EXP_RANGE",
                "{'alg':'HS256'} | {'exp':1e30} | EXP_RANGE",
                "{'alg':'HS256'} | {'jti':1} | JTI",
                "{'alg':'HS256'} | {'aud':[1]} | AUD"
            })
    void whatIsWrongIsTold(String header, String payload, JwtStatus status) throws Exception {
        String token = hmac(header.replace('\'', '"'), payload.replace('\'', '"'));

        assertThat(catchThrowableOfType(Jwt.BadTokenException.class, () -> Jwt.parse(token)).status)
                .isEqualTo(status);
    }

    @Test
    void aGoodTokenIsVerifiedAndAnAlteredOneIsNot() throws Exception {
        Jwks keys = keys("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"" + encode(SECRET) + "\"}]}");
        String token = hmac("{\"alg\":\"HS256\",\"kid\":\"k\"}", "{\"iss\":\"i\",\"aud\":[\"a\",\"b\"],\"exp\":5}");
        Jwt jwt = Jwt.parse(token);

        assertThat(jwt.audiences()).containsExactly("a", "b");
        assertThat(jwt.expires()).isEqualTo(5);
        assertThat(keys.verify(jwt)).isEqualTo(JwtStatus.OK);
        String altered = token.substring(0, token.lastIndexOf('.')) + "." + encode(new byte[32]);
        assertThat(keys.verify(Jwt.parse(altered))).isEqualTo(JwtStatus.VERIFICATION_FAIL);
        assertThat(keys.verify(Jwt.parse(hmac("{\"alg\":\"HS256\",\"kid\":\"x\"}", "{}"))))
                .isEqualTo(JwtStatus.NO_KEY);
    }

    /** The public key as a shared secret: the attack on verifiers that let the token choose the kind of its key. */
    @Test
    void aPublicKeyIsNoSecret() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        RSAPublicKey key = (RSAPublicKey) pair.getPublic();
        Jwks keys = keys(
                "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" + encode(key.getModulus().toByteArray()) + "\",\"e\":\""
                        + encode(key.getPublicExponent().toByteArray()) + "\"}]}");
        String signed = encode("{\"alg\":\"RS256\"}") + "." + encode("{}");
        Signature signer = Signature.getInstance("SHA256withRSA");
        signer.initSign(pair.getPrivate());
        signer.update(signed.getBytes(StandardCharsets.US_ASCII));

        assertThat(keys.verify(Jwt.parse(signed + "." + encode(signer.sign())))).isEqualTo(JwtStatus.OK);
        assertThat(keys.verify(Jwt.parse(hmac("{\"alg\":\"HS256\"}", "{}")))).isEqualTo(JwtStatus.VERIFICATION_FAIL);
    }

    @RepeatedTest(300)
    void anyTextIsRefusedOrRead(RepetitionInfo info) throws Exception {
        Random random = new Random(info.getCurrentRepetition());
        StringBuilder token = new StringBuilder(hmac("{\"alg\":\"HS256\"}", "{\"exp\":1}"));
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = random.nextInt(token.length());
            if (random.nextBoolean()) {
                token.setCharAt(at, (char) (' ' + random.nextInt(224)));
            } else {
                token.deleteCharAt(at);
            }
        }
        try {
            assertThat(Jwt.parse(token.toString()).algorithm()).isIn(Jwt.ALGORITHMS);
        } catch (Jwt.BadTokenException e) {
            assertThat(e.status).isNotEqualTo(JwtStatus.OK);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/p?t=1&a=2, t, 1, /p?a=2",
        "/p?a=2&t=1, t, 1, /p?a=2",
        "/p?t=1, t, 1, /p",
        "/p?tt=1, t, , /p?tt=1",
        "/p?t, t, , /p?t",
        "/p, t, , /p",
        "/p?x=1&t=1&t=2&y=3, t, 1, /p?x=1&y=3"
    })
    void parametersAreFoundAndTakenOut(String target, String name, String value, String without) {
        assertThat(QueryParams.get(target, name)).isEqualTo(value);
        assertThat(QueryParams.without(target, name)).isEqualTo(without);
    }
}
