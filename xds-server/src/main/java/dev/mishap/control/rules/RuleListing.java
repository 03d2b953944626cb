package dev.mishap.control.rules;

import dev.mishap.control.rules.RuleRegistry.Filter;
import dev.mishap.control.rules.RuleRegistry.Listing;
import dev.mishap.control.store.Entry;
import dev.mishap.control.store.Page;
import dev.mishap.control.store.Store;
import dev.mishap.control.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Listings in parts. The first is taken from the snapshot; later ones are read from the store as it was then, so that any replica can go on. */
final class RuleListing {
    private RuleListing() {}

    static Listing first(RuleSnapshot snapshot, Filter filter, int limit) {
        List<StoredRule> rules = new ArrayList<>();
        boolean[] more = new boolean[1];
        String namespace = filter.namespace();
        snapshot.map().forEachFrom(namespace == null ? null : new RuleKey(namespace, ""), (key, rule) -> {
            if (namespace != null && !namespace.equals(key.namespace())) {
                return false;
            }
            if (filter.matches(rule)) {
                if (rules.size() == limit) {
                    more[0] = true;
                    return false;
                }
                rules.add(rule);
            }
            return true;
        });
        String next =
                more[0] ? token(snapshot.revision(), rules.get(rules.size() - 1).key()) : null;
        return new Listing(rules, next, snapshot.revision());
    }

    static CompletionStage<Listing> next(Store store, Filter filter, int limit, String token) {
        long revision;
        RuleKey after;
        try {
            String[] parts = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.US_ASCII).split(" ", 3);
            revision = Long.parseLong(parts[0]);
            after = new RuleKey(parts[1], parts[2]);
            if (revision <= 0) {
                throw new IllegalArgumentException("no revision");
            }
            dev.mishap.control.store.Transaction.requireKey(RuleCodec.key(after));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            return CompletableFuture.failedStage(
                    new RegistryException.BadToken("the continue token is none of this API"));
        }
        return read(store, filter, limit, revision, RuleCodec.key(after), new ArrayList<>())
                .exceptionally(failure -> {
                    Throwable cause = StoreException.unwrap(failure);
                    if (cause instanceof StoreException.Compacted || cause instanceof IllegalArgumentException) {
                        throw new RegistryException.BadToken(
                                "the listing is too old to go on with; list from the start");
                    }
                    throw new CompletionException(cause);
                });
    }

    private static CompletionStage<Listing> read(
            Store store, Filter filter, int limit, long revision, String after, List<StoredRule> found) {
        String namespace = filter.namespace();
        String prefix = namespace == null ? RuleCodec.RULES : RuleCodec.RULES + namespace + '/';
        return store.list(prefix, after, Store.MAX_PAGE, revision).thenCompose(page -> {
            for (Entry entry : page.entries()) {
                StoredRule rule = readable(entry);
                if (rule != null && filter.matches(rule)) {
                    if (found.size() == limit) {
                        StoredRule last = found.get(found.size() - 1);
                        return CompletableFuture.completedStage(
                                new Listing(found, token(revision, last.key()), revision));
                    }
                    found.add(rule);
                }
            }
            return page.more()
                    ? read(store, filter, limit, revision, last(page), found)
                    : CompletableFuture.completedStage(new Listing(found, null, revision));
        });
    }

    /**
     * What matches in the store at this moment: a rule that another replica has just made must not be missed by who stops all. Only what
     * the snapshot does not have yet is read.
     */
    static CompletionStage<List<StoredRule>> current(Store store, RuleMirror mirror, Filter filter) {
        return current(store, mirror, filter, null, 0, new ArrayList<>());
    }

    private static CompletionStage<List<StoredRule>> current(
            Store store,
            RuleMirror mirror,
            Filter filter,
            @Nullable String after,
            long revision,
            List<StoredRule> found) {
        String namespace = filter.namespace();
        String prefix = namespace == null ? RuleCodec.RULES : RuleCodec.RULES + namespace + '/';
        return store.list(prefix, after, Store.MAX_PAGE, revision).thenCompose(page -> {
            RuleSnapshot snapshot = mirror.snapshot();
            for (Entry entry : page.entries()) {
                RuleKey key = RuleCodec.rule(entry.key());
                StoredRule known = key == null ? null : snapshot.get(key);
                StoredRule rule = known != null && known.revision() == entry.modRevision() ? known : readable(entry);
                if (rule != null && filter.matches(rule)) {
                    found.add(rule);
                }
            }
            return page.more()
                    ? current(store, mirror, filter, last(page), page.revision(), found)
                    : CompletableFuture.completedStage(found);
        });
    }

    private static String last(Page page) {
        return page.entries().get(page.entries().size() - 1).key();
    }

    private static @Nullable StoredRule readable(Entry entry) {
        try {
            return RuleCodec.read(entry);
        } catch (IllegalArgumentException e) {
            // The snapshot tells of it.
            return null;
        }
    }

    private static String token(long revision, RuleKey last) {
        String text = revision + " " + last.namespace() + ' ' + last.name();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }
}
