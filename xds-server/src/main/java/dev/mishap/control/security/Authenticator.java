package dev.mishap.control.security;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who is calling: by an API token, a JWT, a certificate, or, on this machine only and if that was allowed, without anything.
 * Callers are limited in their rate; so are those who guess.
 */
public final class Authenticator {
    /**
     * How callers are known.
     *
     * @param anonymous what a caller from this machine may do without credentials; null = nothing
     * @param perSecond calls of one caller, in the long run; ten times as many may come at once
     */
    public record Policy(@Nullable Role anonymous, double perSecond) {
        public static final double DEFAULT_PER_SECOND = 1000;
    }

    private final Policy policy;
    private final @Nullable Tokens tokens;
    private final @Nullable Oidc oidc;
    private final Bindings bindings;
    private final RateLimiter calls;
    /** Failures by address: ten at once, one a second. */
    private final RateLimiter failures;

    public Authenticator(
            Policy policy, @Nullable Tokens tokens, @Nullable Oidc oidc, Bindings bindings, LongSupplier nanoTime) {
        this.policy = policy;
        this.tokens = tokens;
        this.oidc = oidc;
        this.bindings = bindings;
        this.calls = new RateLimiter(policy.perSecond(), policy.perSecond() * 10, nanoTime);
        this.failures = new RateLimiter(1, 10, nanoTime);
    }

    /**
     * The caller.
     *
     * @throws ProblemException when nobody is known by these credentials, or calls too often
     */
    public Caller authenticate(Credentials credentials) {
        Caller caller = holder(credentials);
        long wait = caller != null ? 0 : failures.peek(credentials.address());
        if (wait > 0 && credentials.authorization() != null) {
            throw tooMany("too many tokens from " + credentials.address() + " were not good", wait);
        }
        try {
            caller = caller != null ? caller : identify(credentials);
        } catch (ProblemException e) {
            if (e.kind() == ProblemKind.UNAUTHENTICATED && credentials.authorization() != null) {
                failures.take(credentials.address());
            }
            throw e;
        }
        limit(caller.name().equals(Caller.ANONYMOUS) ? credentials.address() : caller.name());
        return caller;
    }

    /** Counts a call of somebody who need not say who they are. */
    public Caller anyone(Credentials credentials) {
        limit(credentials.address());
        return new Caller(Caller.ANONYMOUS, credentials.address(), List.of());
    }

    private void limit(String key) {
        long wait = calls.take(key);
        if (wait > 0) {
            throw tooMany("more than " + Math.round(policy.perSecond()) + " calls a second", wait);
        }
    }

    private static ProblemException tooMany(String what, long seconds) {
        return new ProblemException(ProblemKind.TOO_MANY, what + "; try again in " + seconds + " s")
                .with("retry-after", Long.toString(seconds));
    }

    /**
     * Who holds the API token, if it is a good one; also of an address that others guess from. Somebody behind the same gateway whose
     * token has run out must not keep the others from the kill switch, and limiting does not protect what has 256 random bits.
     */
    private @Nullable Caller holder(Credentials credentials) {
        String token = bearer(credentials.authorization());
        return token == null || tokens == null ? null : tokens.caller(token, credentials.address());
    }

    /** The token of {@code Bearer TOKEN}; null if it is not that. */
    private static @Nullable String bearer(@Nullable String authorization) {
        int space = authorization == null ? -1 : authorization.indexOf(' ');
        return authorization != null
                        && space > 0
                        && authorization
                                .substring(0, space)
                                .toLowerCase(Locale.ROOT)
                                .equals("bearer")
                ? authorization.substring(space + 1).strip()
                : null;
    }

    private Caller identify(Credentials credentials) {
        if (credentials.authorization() != null) {
            String token = bearer(credentials.authorization());
            if (token == null) {
                throw unknown("expected 'authorization: Bearer TOKEN'");
            }
            if (oidc != null && Oidc.looksLike(token)) {
                return oidc.caller(token, credentials.address());
            }
            throw unknown("the token is not known, expired or revoked");
        }
        if (!credentials.certificates().isEmpty()) {
            X509Certificate certificate = credentials.certificates().get(0);
            List<String> names = new ArrayList<>(CertificateNames.of(certificate));
            List<Grant> grants = bindings.ofCertificate(names);
            if (!grants.isEmpty()) {
                return new Caller(
                        "cert:" + names.get(0),
                        credentials.address(),
                        grants,
                        () -> new Date().before(certificate.getNotAfter()));
            }
        }
        Role anonymous = policy.anonymous();
        if (anonymous != null && isLocal(credentials)) {
            return new Caller(Caller.ANONYMOUS, credentials.address(), List.of(Grant.everything(anonymous)));
        }
        throw unknown("this needs 'authorization: Bearer TOKEN' with an API token"
                + (oidc == null ? "" : " or a token of the identity provider"));
    }

    /**
     * Whether it is a program of this machine that calls: not a proxy on it that passes on what comes from elsewhere, and not a
     * web page whose own name was pointed at 127.0.0.1, or that calls from another origin.
     */
    private static boolean isLocal(Credentials credentials) {
        return credentials.loopback()
                && !credentials.forwarded()
                && (credentials.host() == null || Exposure.isLocalName(credentials.host()))
                && (credentials.origin() == null
                        || credentials.host() != null
                                && (credentials.origin().equals("http://" + credentials.host())
                                        || credentials.origin().equals("https://" + credentials.host())));
    }

    private static ProblemException unknown(String detail) {
        return new ProblemException(ProblemKind.UNAUTHENTICATED, detail).with("www-authenticate", "Bearer");
    }
}
