package dev.mishap.control.xds;

import dev.mishap.control.xds.ResourceView.Found;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One type on one stream: what the client wants, has, and has said about it. Lives on the stream's worker.
 *
 * <p>At most one response with content is under way; what changes meanwhile is found in the view when the client has answered, so a slow
 * client gets the latest and skips what was between.
 */
final class Subscription {
    private final XdsStream stream;
    private final String typeUrl;
    private final boolean delta;

    private final Set<String> names = new HashSet<>(2);
    private boolean wildcard;
    /** The first request named nothing, which means all; any name ends that, and then naming nothing means nothing. */
    private boolean legacyWildcard;

    private final ClientResources sent = new ClientResources();
    private final Heartbeats heartbeats = new Heartbeats(sent);

    private final Set<String> absent = new HashSet<>(0);
    private final Set<String> forced = new HashSet<>(0);
    /** Unsubscribed while they were under way: who subscribes again before they arrive has them, and must be told when they are gone. */
    private final Set<String> ghosts = new HashSet<>(0);

    private final Set<String> held = new HashSet<>(0);
    private final Refusals refusals = new Refusals();

    private boolean rescan = true;
    private boolean resend;
    private boolean due;
    private long[] seen = new long[0];

    private String clientVersion = "";
    private String pendingNonce = "";
    private String lastNonce = "";
    private long pendingSince;
    private TypeStatus status;

    Subscription(XdsStream stream, String typeUrl, boolean delta) {
        this.stream = stream;
        this.typeUrl = typeUrl;
        this.delta = delta;
        this.status = new TypeStatus(typeUrl, 0, 0, "", null, "", null, "", null);
    }

    String typeUrl() {
        return typeUrl;
    }

    TypeStatus status() {
        return status;
    }

    boolean pending() {
        return !pendingNonce.isEmpty();
    }

    /** When the response that is under way was sent, in nanoseconds. */
    long pendingSince() {
        return pendingSince;
    }

    boolean refused() {
        return status.nack() != null;
    }

    boolean served() {
        return !lastNonce.isEmpty();
    }

    boolean hasSent(String name) {
        return sent.has(name);
    }

    /** How many names it has. */
    int size() {
        return names.size();
    }

    Collection<Resource> resources() {
        return sent.values();
    }

    /** What the client has, with what it said about it. */
    void describe(Collection<SentResource> into) {
        boolean allRefused = wholeState() && !delta && refused();
        for (Resource resource : sent.values()) {
            boolean refused = allRefused || refusals.isBad(resource.name());
            TypeStatus.State state = refused
                    ? TypeStatus.State.NACKED
                    : refusals.inDoubt(resource.name()) ? TypeStatus.State.SENT : settled();
            into.add(new SentResource(resource, state, status.sentAt(), refused ? status.nack() : null));
        }
    }

    private TypeStatus.State settled() {
        return !delta && wholeState() && pending() ? TypeStatus.State.SENT : TypeStatus.State.ACKED;
    }

    // What the client says.

    void first(StreamRequest request) {
        if (request.names.isEmpty()) {
            legacyWildcard = true;
            wildcard(true);
        } else {
            request.names.forEach(this::add);
        }
        clientVersion = request.version;
        due = delta ? wildcard : wildcard || TypeUrls.wholeState(typeUrl);
        request.initialVersions.forEach((name, version) -> {
            if (wildcard || names.contains(name)) {
                Resource known = Resource.of(typeUrl, name, version, com.google.protobuf.ByteString.EMPTY);
                sent.claimed(known);
            }
        });
    }

    /** A further request of the state of the world. */
    void next(StreamRequest request, Instant now) {
        boolean answer = request.nonce.equals(pendingNonce) && pending();
        boolean beat = !answer && beat(request, now);
        if (!answer && !beat && !request.nonce.isEmpty() && !request.nonce.equals(lastNonce)) {
            // About a response that is not the last: it is no answer, but these are the names as the client has them by
            // now, and a name
            // that goes and comes back must not look as if it had stayed.
            names(request.names);
            return;
        }
        if (answer) {
            answered(request.error, now);
        }
        boolean changed = names(request.names);
        if (!answer && !beat && !changed && !pending() && request.error == null) {
            // The same again after the last response was taken: the client has lost it, as a cluster of Envoy that was
            // replaced.
            resend = true;
        }
    }

    /** A further request in delta. */
    void nextDelta(StreamRequest request, Instant now) {
        if (!request.nonce.isEmpty() && request.nonce.equals(pendingNonce)) {
            answered(request.error, now);
        } else {
            beat(request, now);
        }
        request.unsubscribe.forEach(this::remove);
        request.names.forEach(this::add);
    }

    private void answered(@Nullable String error, Instant now) {
        pendingNonce = "";
        for (String name : ghosts) {
            if (wildcard || names.contains(name)) {
                forced.add(name);
            }
        }
        if (error == null) {
            refusals.accepted();
            status = status.acked(now, refusals.any());
        } else {
            refusals.refused();
            status = status.nacked(error, now);
        }
        stream.changed(status);
    }

    /** Whether it is the answer to a heartbeat, which asks for nothing. */
    private boolean beat(StreamRequest request, Instant now) {
        if (!heartbeats.answeredBy(request)) {
            return false;
        }
        lastNonce = request.nonce;
        if (request.error != null) {
            status = status.nacked(request.error, now);
            stream.changed(status);
        }
        return true;
    }

    private boolean names(List<String> wanted) {
        if (wanted.isEmpty() && legacyWildcard) {
            return false;
        }
        Set<String> now = new HashSet<>(wanted);
        boolean all = now.contains(DemandListener.ALL);
        int known = now.size() - (all ? 1 : 0);
        if (all == wildcard && known == names.size() && now.containsAll(names)) {
            return false;
        }
        for (String name : new ArrayList<>(names)) {
            if (!now.contains(name)) {
                remove(name);
            }
        }
        if (wildcard && !all) {
            remove(DemandListener.ALL);
        }
        for (String name : now) {
            if (!names.contains(name)) {
                add(name);
            }
        }
        return true;
    }

    private void add(String name) {
        if (name.equals(DemandListener.ALL)) {
            legacyWildcard = false;
            if (!wildcard) {
                wildcard(true);
            }
            due = true;
            return;
        }
        if (legacyWildcard && !delta) {
            // In the state of the world the first name ends the wildcard.
            wildcard(false);
        }
        legacyWildcard &= delta;
        if (names.add(name)) {
            stream.watch(typeUrl, name);
        }
        absent.remove(name);
        forced.add(name);
        due |= !delta && TypeUrls.wholeState(typeUrl);
    }

    private void remove(String name) {
        if (name.equals(DemandListener.ALL)) {
            if (wildcard) {
                wildcard(false);
            }
            return;
        }
        if (names.remove(name)) {
            stream.unwatch(typeUrl, name);
        }
        absent.remove(name);
        forced.remove(name);
        if (wildcard) {
            forced.add(name); // The client cannot know whether the wildcard still has it.
        } else {
            forget(name);
            if (typeUrl.equals(TypeUrls.VIRTUAL_HOST)) {
                sent.values().stream()
                        .filter(r -> r.aliases().contains(name) && !names.contains(r.name()))
                        .map(Resource::name)
                        .toList()
                        .forEach(this::forget);
            }
        }
    }

    private void wildcard(boolean on) {
        wildcard = on;
        if (on) {
            stream.watch(typeUrl, DemandListener.ALL);
            rescan = true;
        } else {
            legacyWildcard = false;
            stream.unwatch(typeUrl, DemandListener.ALL);
            for (String name : sent.names()) {
                if (!names.contains(name)) {
                    forget(name);
                }
            }
        }
    }

    private void forget(String name) {
        if (sent.remove(name) && delta && pending()) {
            ghosts.add(name);
        }
        held.remove(name);
        refusals.forget(name);
    }

    // What the view has for it.

    /** Watches the view's layers; {@code false}: no longer. */
    void watchAll(boolean on) {
        if (wildcard) {
            stream.watching(typeUrl, DemandListener.ALL, on);
        }
        names.forEach(name -> stream.watching(typeUrl, name, on));
        rescan = true;
    }

    /** Within {@link ResourceView#read}. What is gone is held back when {@code hold}. */
    Changes look(ResourceView view, boolean hold) {
        while (refusals.retrying()) {
            Changes again = again(view, refusals.nextRetry());
            if (!again.put.isEmpty()) {
                return again;
            }
            refusals.retried();
        }
        Changes changes = new Changes(view.size());
        Set<String> suspects = suspects(view, changes);
        boolean known = !wildcard || view.complete(typeUrl);
        changes.tellsRemovals = delta || wholeState();
        if (suspects != null && known) {
            for (String name : suspects) {
                if (wildcard || names.contains(name) || sent.has(name)) {
                    look(view, name, hold, changes);
                }
            }
        }
        changes.due = due && known;
        String label = view.label(typeUrl);
        changes.label = label == null ? "" : label;
        return changes;
    }

    /** The part of a refused response that is tried again, if the client still has it to be. */
    private Changes again(ResourceView view, List<String> part) {
        Changes changes = new Changes(view.size());
        changes.again = true;
        for (String name : part) {
            Resource had = sent.get(name);
            if (had != null && had.equals(view.find(typeUrl, name).resource())) {
                changes.put.add(had);
            }
        }
        return changes;
    }

    /** The names that may have changed; null: none. */
    private @Nullable Set<String> suspects(ResourceView view, Changes changes) {
        boolean all = rescan || resend || seen.length != view.size();
        Set<String> suspects = null;
        for (int i = 0; i < view.size(); i++) {
            TypeTable table = view.layer(i).peek(typeUrl);
            long revision = table == null ? 0 : table.revision();
            changes.seen[i] = revision;
            if (all || table == null || revision == seen[i]) {
                continue;
            }
            long behind = revision - seen[i];
            if (!table.remembers(seen[i]) || !wildcard && behind > 4L * (names.size() + 1)) {
                all = true;
                continue;
            }
            suspects = suspects == null ? new HashSet<>() : suspects;
            for (long r = seen[i]; r < revision; r++) {
                suspects.add(table.changedAfter(r));
            }
        }
        if (all) {
            suspects = wildcard ? view.names(typeUrl) : new HashSet<>(names);
            suspects.addAll(sent.names());
            suspects.addAll(names);
        }
        if (!forced.isEmpty() || !held.isEmpty()) {
            suspects = suspects == null ? new HashSet<>() : suspects;
            suspects.addAll(forced);
            suspects.addAll(held);
        }
        return suspects;
    }

    private void look(ResourceView view, String name, boolean hold, Changes changes) {
        Found found = view.find(typeUrl, name);
        Resource now = found.resource();
        Resource had = sent.get(now == null ? name : now.name());
        switch (found.knowledge()) {
            case PRESENT -> {
                if (now != null && (resend || forced.contains(name) || !now.equals(had))) {
                    changes.put.add(now);
                }
            }
            case ABSENT -> {
                if (had != null && hold) {
                    changes.held.add(name);
                } else if (had != null
                        || ghosts.contains(name)
                        || delta && names.contains(name) && !absent.contains(name)) {
                    changes.removed.add(name);
                }
            }
            case UNKNOWN -> {
                // What the client has of it stays until the layer has answered.
            }
        }
    }

    /** What was found is what the client has from now on. */
    void take(Changes changes) {
        if (!changes.isEmpty()) {
            refusals.sent(changes.put, delta || !wholeState());
        }
        if (changes.again) {
            refusals.retried();
            return;
        }
        for (Resource resource : changes.put) {
            sent.put(resource);
            absent.remove(resource.name());
        }
        for (String name : changes.removed) {
            forget(name);
            if (delta && names.contains(name)) {
                absent.add(name);
            }
        }
        held.clear();
        held.addAll(changes.held);
        seen = changes.seen;
        forced.clear();
        ghosts.clear();
        rescan = false;
        resend = false;
        due &= !changes.due;
    }

    String version(Changes changes) {
        return changes.label.isEmpty() ? sent.fingerprint() : changes.label;
    }

    /** Whether a client that comes back said that it has just this. */
    boolean hasAlready(String version) {
        return !served() && !delta && sent.mortal().isEmpty() && version.equals(clientVersion);
    }

    void responded(String version, String nonce, boolean answered, Instant now, long nanos) {
        lastNonce = nonce;
        pendingNonce = answered ? "" : nonce;
        heartbeats.responded();
        pendingSince = nanos;
        clientVersion = "";
        status = status.sent(version, nonce, subscribed(), sent.size(), now);
        if (answered) {
            refusals.accepted();
            status = status.acked(now, false);
        }
        stream.changed(status);
    }

    // Resources that have a time to live.

    Heartbeats heartbeats() {
        return heartbeats;
    }

    /** What lives on by the heartbeat that is due now. */
    List<Resource> beat() {
        if (!heartbeats.due()) {
            return List.of();
        }
        if (!delta && (pending() || status.ackedVersion().isEmpty() || wholeState() && refused())) {
            // In the state of the world a heartbeat is known by the version that the client has taken.
            return List.of();
        }
        return heartbeats.alive(refusals);
    }

    /** Whether a response in the state of the world holds all that the client has. */
    boolean wholeState() {
        return wildcard || TypeUrls.wholeState(typeUrl);
    }

    private int subscribed() {
        return wildcard ? -1 : names.size();
    }
}
