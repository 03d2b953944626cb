package dev.mishap.control.security;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Watch;
import dev.mishap.control.store.WatchListener;
import dev.mishap.rules.FaultRule;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * API tokens: 256 random bits each, known to their holders alone. The store keeps their SHA-256 hashes. A slow, salted hash would add
 * nothing: it makes guessing words costly, and there are no words to guess in 256 random bits; but it would cost each call.
 *
 * <p>All replicas follow the store: a token works, and ceases to, on each of them.
 */
public final class Tokens implements AutoCloseable {
    /** What a token begins with, so that scanners for secrets know it. */
    public static final String MARK = "mishap_";

    private static final Logger LOG = LoggerFactory.getLogger("mishap.tokens");
    private static final String PREFIX = "tokens/";
    private static final long STORE_MILLIS = 10_000;
    private static final long RETRY_MILLIS = 1_000;
    private static final int BYTES = 32;
    private static final int MAX_TOKENS = 10_000;

    /**
     * A token without its secret.
     *
     * @param expires null = when it is revoked
     */
    public record Token(
            String name,
            String hash,
            List<Grant> grants,
            Instant created,
            String createdBy,
            @Nullable Instant expires) {
        public Token {
            grants = List.copyOf(grants);
        }

        boolean expired(Instant now) {
            return expires != null && !now.isBefore(expires);
        }
    }

    /** A new token. @param secret is told this once */
    public record Created(Token token, String secret) {
        @Override
        public String toString() {
            return "Created[" + token.name() + "]";
        }
    }

    private final Store store;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Token> byName = new ConcurrentHashMap<>();
    private final Map<String, Token> byHash = new ConcurrentHashMap<>();
    private volatile @Nullable Watch watch;
    private final CountDownLatch closed = new CountDownLatch(1);

    private Tokens(Store store, InstantSource clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Reads the tokens of a store, which stays the caller's, and follows them; blocks for a moment. */
    public static Tokens open(Store store, InstantSource clock) {
        Tokens tokens = new Tokens(store, clock);
        tokens.follow();
        return tokens;
    }

    private void follow() {
        List<Entry> entries = new ArrayList<>();
        Page page = StoreException.await(store.list(PREFIX, null, Store.MAX_PAGE, 0), STORE_MILLIS);
        entries.addAll(page.entries());
        long revision = page.revision();
        while (page.more()) {
            String last = page.entries().get(page.entries().size() - 1).key();
            page = StoreException.await(store.list(PREFIX, last, Store.MAX_PAGE, revision), STORE_MILLIS);
            entries.addAll(page.entries());
        }
        byName.keySet().removeIf(name -> entries.stream().noneMatch(e -> e.key().equals(PREFIX + name)));
        byHash.values().removeIf(token -> !byName.containsKey(token.name()));
        entries.forEach(this::put);
        watch = store.watch(PREFIX, revision + 1, new WatchListener() {
            @Override
            public void onEvents(long at, List<Event> events) {
                for (Event event : events) {
                    if (event instanceof Event.Put put) {
                        put(put.entry());
                    } else {
                        remove(event.key().substring(PREFIX.length()));
                    }
                }
            }

            @Override
            public void onEnd(StoreException reason) {
                if (closed.getCount() > 0 && reason instanceof StoreException.Compacted) {
                    Thread again = new Thread(Tokens.this::followAgain, "mishap-tokens");
                    again.setDaemon(true);
                    again.start();
                }
            }
        });
    }

    /** Until it has come off: a token that was revoked meanwhile must not work for good. */
    private void followAgain() {
        try {
            do {
                try {
                    follow();
                    return;
                } catch (StoreException e) {
                    LOG.warn("the tokens can't be read, those known stay: {}", e.getMessage());
                }
            } while (!closed.await(RETRY_MILLIS, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void put(Entry entry) {
        String name = entry.key().substring(PREFIX.length());
        try {
            Token token = TokenCodec.read(name, entry.value().utf8());
            Token before = byName.put(name, token);
            if (before != null && !before.hash().equals(token.hash())) {
                byHash.remove(before.hash());
            }
            byHash.put(token.hash(), token);
        } catch (IllegalArgumentException e) {
            remove(name);
            LOG.warn("the token '{}' cannot be read and does not work: {}", name, e.getMessage());
        }
    }

    private void remove(String name) {
        Token before = byName.remove(name);
        if (before != null) {
            byHash.remove(before.hash());
        }
    }

    /** Those that there are, by name. */
    public List<Token> list() {
        return byName.values().stream()
                .sorted(Comparator.comparing(Token::name))
                .toList();
    }

    public @Nullable Token get(String name) {
        return byName.get(name);
    }

    /**
     * Makes a token.
     *
     * @throws ProblemException when there is one of that name
     */
    public Created create(String name, List<Grant> grants, @Nullable Instant expires, String by) {
        try {
            FaultRule.requireName("name", name, 63);
        } catch (IllegalArgumentException e) {
            throw ProblemException.invalid("name", String.valueOf(e.getMessage()));
        }
        if (byName.size() >= MAX_TOKENS) {
            throw new ProblemException(
                    ProblemKind.TOO_MANY, "there are " + MAX_TOKENS + " tokens already; revoke some");
        }
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        String secret = MARK + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        Token token = new Token(name, hash(secret), grants, clock.instant(), by, expires);
        String key = PREFIX + name;
        try {
            long revision = StoreException.await(
                    store.commit(Transaction.builder()
                            .ifAbsent(key)
                            .put(key, Bytes.utf8(TokenCodec.write(token)))
                            .build()),
                    STORE_MILLIS);
            LOG.debug("token {} at revision {}", name, revision);
        } catch (StoreException.Conflict e) {
            throw new ProblemException(ProblemKind.EXISTS, "there is a token '" + name + "' already; revoke it first");
        }
        // Here at once, and again by the watch.
        byName.put(name, token);
        byHash.put(token.hash(), token);
        return new Created(token, secret);
    }

    /** Ends a token; whether there was one. */
    public boolean revoke(String name) {
        String key = PREFIX + name;
        if (name.indexOf('/') >= 0 || !name.chars().allMatch(c -> c > ' ' && c < 127)) {
            return false;
        }
        Optional<Entry> entry = StoreException.await(store.get(key), STORE_MILLIS);
        StoreException.await(store.commit(Transaction.delete(key)), STORE_MILLIS);
        remove(name);
        return entry.isPresent();
    }

    /** Whose token it is; null when it is nobody's, or has expired. */
    @Nullable
    Caller caller(String secret, String address) {
        if (!secret.startsWith(MARK) || secret.length() > 128) {
            return null;
        }
        String hash = hash(secret);
        Token token = byHash.get(hash);
        // The look-up is by the hash, of which a guesser does not choose the bytes; the comparison takes the same time
        // for all.
        boolean same = token != null
                && MessageDigest.isEqual(
                        hash.getBytes(StandardCharsets.US_ASCII), token.hash().getBytes(StandardCharsets.US_ASCII));
        if (token == null || !same || token.expired(clock.instant())) {
            return null;
        }
        return new Caller("token:" + token.name(), address, token.grants(), () -> isGood(hash));
    }

    private boolean isGood(String hash) {
        Token token = byHash.get(hash);
        return token != null && !token.expired(clock.instant());
    }

    private static String hash(String secret) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        Watch following = watch;
        if (following != null) {
            following.close();
        }
    }
}
