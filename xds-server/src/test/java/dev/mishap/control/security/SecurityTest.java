package dev.mishap.control.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.local.LocalStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SecurityTest {
    private static final String BINDINGS = """
            bindings:
              - {claim: groups, value: sre, role: admin}
              - {claim: groups, value: pay, role: operator, namespaces: [pay, pay-*], labels: team=pay}
              - {certificate: spiffe://example.org/ci, role: operator, namespaces: [staging]}
            """;

    @TempDir
    private Path dir;

    private final Store store = LocalStore.inMemory();
    private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final Tokens tokens = Tokens.open(store, () -> now);
    private long nanos;

    @AfterEach
    void close() {
        tokens.close();
        store.close();
    }

    private Authenticator authenticator(Role anonymous, Oidc oidc) {
        return new Authenticator(
                new Authenticator.Policy(anonymous, 10), tokens, oidc, Bindings.read(BINDINGS, "b"), () -> nanos);
    }

    private static Credentials bearer(String token) {
        return new Credentials("10.0.0.1", false, "Bearer " + token, "mishap.example", null, false, List.of());
    }

    private static ProblemKind refusal(Authenticator authenticator, Credentials credentials) {
        try {
            authenticator.authenticate(credentials);
        } catch (ProblemException e) {
            assertThat(e.detail()).doesNotContain("eyJ").doesNotContain(Tokens.MARK);
            return e.kind();
        }
        throw new AssertionError("was let in");
    }

    @Test
    void aTokenIsKnownByItsHashAlone() {
        Tokens.Created created =
                tokens.create("ci", List.of(Grant.of(Role.OPERATOR, List.of("staging"), "")), now.plusSeconds(60), "x");
        assertThat(created.secret()).hasSize(Tokens.MARK.length() + 43);
        assertThat(created.toString()).doesNotContain(created.secret());
        Page page = store.list("", null, 100, 0).toCompletableFuture().join();
        page.entries()
                .forEach(e -> assertThat(e.value().utf8())
                        .doesNotContain(created.secret().substring(7)));
        Authenticator authenticator = authenticator(null, null);
        Caller caller = authenticator.authenticate(bearer(created.secret()));
        assertThat(caller.name()).isEqualTo("token:ci");
        assertThat(caller.may(Role.OPERATOR, "staging", Map.of())).isTrue();
        assertThat(caller.may(Role.OPERATOR, "prod", Map.of())).isFalse();
        assertThat(caller.may(Role.ADMIN, "staging", Map.of())).isFalse();
        // Another replica on the same store knows it, and that it is revoked.
        try (Tokens other = Tokens.open(store, () -> now)) {
            assertThat(other.caller(created.secret(), "x")).isNotNull();
        }
        now = now.plusSeconds(60);
        assertThat(refusal(authenticator, bearer(created.secret()))).isEqualTo(ProblemKind.UNAUTHENTICATED);
        now = now.minusSeconds(60);
        assertThat(tokens.revoke("ci")).isTrue();
        assertThat(tokens.revoke("ci")).isFalse();
        assertThat(refusal(authenticator, bearer(created.secret()))).isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(tokens.create("ci", List.of(), null, "x").secret()).isNotEqualTo(created.secret());
        assertThatThrownBy(() -> tokens.create("ci", List.of(), null, "x")).hasMessageContaining("already");
    }

    @Test
    void guessingIsSlow() {
        Authenticator authenticator = authenticator(null, null);
        String good = tokens.create("a", List.of(Grant.everything(Role.VIEWER)), null, "x")
                .secret();
        for (int i = 0; i < 10; i++) {
            assertThat(refusal(authenticator, bearer(Tokens.MARK + i))).isEqualTo(ProblemKind.UNAUTHENTICATED);
        }
        assertThat(refusal(authenticator, bearer(Tokens.MARK + "x"))).isEqualTo(ProblemKind.TOO_MANY);
        // Who holds a good one is not kept out by a neighbour's guesses.
        assertThat(authenticator.authenticate(bearer(good)).name()).isEqualTo("token:a");
        assertThat(refusal(authenticator, bearer(Tokens.MARK + "x"))).isEqualTo(ProblemKind.TOO_MANY);
        nanos += 2_000_000_000L;
        assertThat(refusal(authenticator, bearer(Tokens.MARK + "x"))).isEqualTo(ProblemKind.UNAUTHENTICATED);
    }

    @Test
    void callersHaveARate() {
        Authenticator authenticator = authenticator(null, null);
        String good = tokens.create("a", List.of(Grant.everything(Role.VIEWER)), null, "x")
                .secret();
        for (int i = 0; i < 100; i++) {
            authenticator.authenticate(bearer(good));
        }
        assertThat(refusal(authenticator, bearer(good))).isEqualTo(ProblemKind.TOO_MANY);
        nanos += 100_000_000L;
        authenticator.authenticate(bearer(good));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Basic YTpi", "Bearer", "bearer", "mishap_x", "Bearer eyJhbGciOiJub25lIn0.e30."})
    void otherCredentialsAreRefused(String authorization) {
        Credentials credentials = new Credentials("10.0.0.1", true, authorization, "localhost", null, false, List.of());
        assertThat(refusal(authenticator(Role.ADMIN, null), credentials)).isEqualTo(ProblemKind.UNAUTHENTICATED);
    }

    @Test
    void jwtsOfTheProviderAreTaken() throws Exception {
        RSAKey key = new RSAKeyGenerator(2048).keyID("k1").generate();
        RSAKey stranger = new RSAKeyGenerator(2048).keyID("k1").generate();
        Path keys = Files.writeString(dir.resolve("jwks.json"), new JWKSet(key.toPublicJWK()).toString());
        Oidc oidc = new Oidc(
                new Oidc.Provider("https://id.example", "mishap", keys.toString(), "email"),
                Bindings.read(BINDINGS, "b"));
        Authenticator authenticator = authenticator(null, oidc);
        JWTClaimsSet claims = claims("mishap", 300).build();
        Caller caller = authenticator.authenticate(bearer(signed(claims, key)));
        assertThat(caller.name()).isEqualTo("oidc:ann@example.org");
        assertThat(caller.may(Role.OPERATOR, "pay-eu", Map.of("team", "pay"))).isTrue();
        assertThat(caller.may(Role.OPERATOR, "pay-eu", Map.of("team", "x"))).isFalse();
        assertThat(caller.may(Role.OPERATOR, "shop", Map.of("team", "pay"))).isFalse();

        assertThat(refusal(authenticator, bearer(signed(claims, stranger)))).isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(refusal(authenticator, bearer(signed(claims("other", 300).build(), key))))
                .isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(refusal(authenticator, bearer(signed(claims("mishap", -300).build(), key))))
                .isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(refusal(
                        authenticator,
                        bearer(signed(
                                claims("mishap", 300)
                                        .issuer("https://evil.example")
                                        .build(),
                                key))))
                .isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(refusal(
                        authenticator,
                        bearer(signed(claims("mishap", 300).expirationTime(null).build(), key))))
                .isEqualTo(ProblemKind.UNAUTHENTICATED);
        assertThat(refusal(authenticator, bearer(new PlainJWT(claims).serialize())))
                .isEqualTo(ProblemKind.UNAUTHENTICATED);
        // The public key as the secret of an HMAC.
        SignedJWT confused = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("k1").build(), claims);
        confused.sign(new MACSigner(key.toRSAPublicKey().getEncoded()));
        assertThat(refusal(authenticator, bearer(confused.serialize()))).isEqualTo(ProblemKind.UNAUTHENTICATED);
    }

    private static JWTClaimsSet.Builder claims(String audience, long seconds) {
        return new JWTClaimsSet.Builder()
                .issuer("https://id.example")
                .audience(audience)
                .subject("4711")
                .claim("email", "ann@example.org")
                .claim("groups", List.of("pay", "all"))
                .expirationTime(Date.from(Instant.now().plusSeconds(seconds)));
    }

    private static String signed(JWTClaimsSet claims, RSAKey key) throws Exception {
        SignedJWT jwt = new SignedJWT(
                new JWSHeader.Builder(JWSAlgorithm.RS256)
                        .type(JOSEObjectType.JWT)
                        .keyID(key.getKeyID())
                        .build(),
                claims);
        jwt.sign(new RSASSASigner(key));
        return jwt.serialize();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "bindings: [{claim: g, value: v, role: god}];expected viewer, operator or admin",
                "bindings: [{claim: g, role: viewer}];expected claim and value",
                "bindings: [{claim: g, value: v, rol: viewer}];did you mean 'role'",
                "bindings: [{claim: g, value: v, role: viewer, labels: 'a=('}];label selector",
                "binding: [];expected bindings",
            })
    void bindingsThatAreWrongAreNamed(String text, String problem) {
        assertThatThrownBy(() -> Bindings.read(text, "roles.yaml"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("roles.yaml:1:")
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1,false,false,true",
        "localhost,false,false,true",
        "0.0.0.0,false,false,false",
        "'',false,false,false",
        "0.0.0.0,true,false,true",
        "0.0.0.0,false,true,true"
    })
    void plainTextIsForThisMachine(String host, boolean tls, boolean insecure, boolean allowed) {
        String refusal = Exposure.refusal("the API", host, tls, insecure);
        assertThat(refusal == null).isEqualTo(allowed);
    }

    @Test
    void whenNobodyCouldCallThereIsAFirstToken() throws Exception {
        SecurityConfig open = new SecurityConfig(null, null, null, List.of(), true, "auto", null, null, 100, Set.of());
        try (Security security = Security.open(open, List.of("0.0.0.0"), store, dir, InstantSource.system())) {
            assertThat(security.anonymous()).isNull();
            Path file = dir.resolve("first-admin-token");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            Caller caller = security.authenticator()
                    .authenticate(bearer(Files.readString(file).strip()));
            assertThat(caller.mayEverywhere(Role.ADMIN)).isTrue();
        }
        assertThatThrownBy(() ->
                        Security.open(SecurityConfig.local(), List.of("0.0.0.0"), store, dir, InstantSource.system()))
                .hasMessageContaining("--tls-cert");
        try (Security local =
                Security.open(SecurityConfig.local(), List.of("127.0.0.1"), store, dir, InstantSource.system())) {
            assertThat(local.anonymous()).isEqualTo(Role.ADMIN);
        }
    }
}
