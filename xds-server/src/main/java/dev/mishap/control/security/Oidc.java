package dev.mishap.control.security;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.mishap.control.Failures;
import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.text.ParseException;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the tokens of an OpenID Connect provider: JWTs signed by one of its keys, for us, not expired. Only asymmetric signatures;
 * a token cannot choose another kind.
 */
public final class Oidc {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.oidc");
    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);
    private static final int MAX_TOKEN = 16 << 10;
    private static final int TIMEOUT_MILLIS = 3000;
    private static final int MAX_DOCUMENT = 256 << 10;

    /**
     * How the provider is known.
     *
     * @param issuer as it stands in the tokens
     * @param audience that a token must be for
     * @param keys a file or URL with its keys (JWKS); null = as {@code ISSUER/.well-known/openid-configuration} says
     * @param nameClaim what a caller is called by in the audit log
     */
    public record Provider(
            String issuer, String audience, @Nullable String keys, String nameClaim) {}

    private final Provider provider;
    private final Bindings bindings;
    private final DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();

    /** @throws IllegalArgumentException when the provider cannot be what was said */
    public Oidc(Provider provider, Bindings bindings) {
        this.provider = provider;
        this.bindings = bindings;
        JWKSource<SecurityContext> keys = keys(provider);
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(ALGORITHMS, keys));
        processor.setJWSTypeVerifier(
                new DefaultJOSEObjectTypeVerifier<>(JOSEObjectType.JWT, new JOSEObjectType("at+jwt"), null));
        processor.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(
                Set.of(provider.audience()),
                new JWTClaimsSet.Builder().issuer(provider.issuer()).build(),
                Set.of("sub", "exp"),
                Set.of()));
    }

    private static JWKSource<SecurityContext> keys(Provider provider) {
        String keys = provider.keys();
        if (keys != null && !keys.contains("://")) {
            return new FileKeys(Path.of(keys));
        }
        URI issuer = keys == null ? secure("issuer", provider.issuer()) : secure("keys", keys);
        return keys == null ? new DiscoveredKeys(issuer) : remote(url(issuer));
    }

    private static JWKSource<SecurityContext> remote(URL url) {
        return JWKSourceBuilder.create(url, new DefaultResourceRetriever(TIMEOUT_MILLIS, TIMEOUT_MILLIS, MAX_DOCUMENT))
                .retrying(true)
                .outageTolerant(true)
                .build();
    }

    private static URI secure(String what, String text) {
        URI uri = URI.create(text);
        boolean local = uri.getHost() != null && Exposure.isLocalName(uri.getHost());
        if (!"https".equals(uri.getScheme()) && !("http".equals(uri.getScheme()) && local)) {
            throw new IllegalArgumentException("the OIDC " + what
                    + " must be an https URL, since whoever answers it decides who may call: " + text);
        }
        return uri;
    }

    private static URL url(URI uri) {
        try {
            return uri.toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(uri + ": " + e.getMessage(), e);
        }
    }

    /** Whether a bearer token can be a JWT at all. */
    static boolean looksLike(String token) {
        return token.startsWith("eyJ") && token.indexOf('.') > 0;
    }

    /**
     * The caller whose token it is.
     *
     * @throws ProblemException when it is not good, saying why without repeating it
     */
    Caller caller(String token, String address) {
        if (token.length() > MAX_TOKEN) {
            throw refused("it is larger than " + MAX_TOKEN + " characters");
        }
        try {
            JWTClaimsSet claims = processor.process(SignedJWT.parse(token), null);
            Map<String, Object> all = claims.getClaims();
            Object name = all.get(provider.nameClaim());
            Date expires = claims.getExpirationTime();
            return new Caller(
                    "oidc:" + plain(name == null ? claims.getSubject() : String.valueOf(name)),
                    address,
                    bindings.ofClaims(all),
                    () -> new Date().before(expires));
        } catch (ParseException e) {
            throw refused("it is not a signed JWT");
        } catch (KeySourceException e) {
            LOG.warn("the keys of {} cannot be had: {}", provider.issuer(), e.getMessage());
            throw new ProblemException(
                    ProblemKind.UNAVAILABLE, "the keys of the identity provider cannot be had now; try again");
        } catch (BadJOSEException e) {
            throw refused(String.valueOf(e.getMessage()));
        } catch (JOSEException e) {
            throw refused("its signature cannot be verified");
        }
    }

    /** A name that can stand in a line of a log. */
    private static String plain(String name) {
        StringBuilder plain = new StringBuilder();
        name.codePoints()
                .limit(128)
                .forEach(c -> plain.appendCodePoint(Character.isISOControl(c) || Character.isWhitespace(c) ? '_' : c));
        return plain.toString();
    }

    private static ProblemException refused(String why) {
        return new ProblemException(ProblemKind.UNAUTHENTICATED, "the token is not good: " + why)
                .with("www-authenticate", "Bearer error=\"invalid_token\"");
    }

    /** Keys in a file, read again when it has changed. */
    private static final class FileKeys implements JWKSource<SecurityContext> {
        private final Path file;
        private @Nullable FileTime read;
        private JWKSet keys = new JWKSet();

        private FileKeys(Path file) {
            this.file = file;
            try {
                load();
            } catch (IOException | ParseException e) {
                throw new IllegalArgumentException(
                        file + ": "
                                + (e instanceof IOException io
                                        ? Failures.text(io)
                                        : "is no JWK set: " + e.getMessage()),
                        e);
            }
        }

        private synchronized JWKSet load() throws IOException, ParseException {
            FileTime modified = Files.getLastModifiedTime(file);
            if (!modified.equals(read)) {
                keys = JWKSet.parse(Files.readString(file));
                read = modified;
            }
            return keys;
        }

        @Override
        public List<JWK> get(JWKSelector selector, @Nullable SecurityContext context) throws KeySourceException {
            try {
                return selector.select(load());
            } catch (IOException | ParseException e) {
                throw new KeySourceException(file + " cannot be read", e);
            }
        }
    }

    /** Keys from where the issuer's discovery document says, asked for when the first token comes. */
    private static final class DiscoveredKeys implements JWKSource<SecurityContext> {
        /** Then a provider that did not answer is asked again: who sends made-up tokens must not have all others wait for it. */
        private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(2);

        private final URI issuer;
        private @Nullable JWKSource<SecurityContext> found;
        private @Nullable KeySourceException failure;
        private long failedAt;

        private DiscoveredKeys(URI issuer) {
            this.issuer = issuer;
        }

        private synchronized JWKSource<SecurityContext> source() throws KeySourceException {
            KeySourceException before = failure;
            if (before != null && System.nanoTime() - failedAt < RETRY_NANOS) {
                throw new KeySourceException(String.valueOf(before.getMessage()), before);
            }
            if (found == null) {
                String base = issuer.toString();
                try {
                    String text = new DefaultResourceRetriever(TIMEOUT_MILLIS, TIMEOUT_MILLIS, MAX_DOCUMENT)
                            .retrieveResource(url(URI.create(
                                    (base.endsWith("/") ? base : base + '/') + ".well-known/openid-configuration")))
                            .getContent();
                    Object uri =
                            com.nimbusds.jose.util.JSONObjectUtils.parse(text).get("jwks_uri");
                    if (uri == null) {
                        throw new IllegalArgumentException("it has no jwks_uri");
                    }
                    found = remote(url(secure("jwks_uri", String.valueOf(uri))));
                    failure = null;
                } catch (IOException | ParseException | IllegalArgumentException e) {
                    failure = new KeySourceException("the discovery document of " + base + ": " + e.getMessage(), e);
                    failedAt = System.nanoTime();
                    throw failure;
                }
            }
            return found;
        }

        @Override
        public List<JWK> get(JWKSelector selector, @Nullable SecurityContext context) throws KeySourceException {
            return source().get(selector, context);
        }
    }
}
