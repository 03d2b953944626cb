package dev.mishap.control.xds;

import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A node that polls, as the fleet sees it: by what it asks for. It tells the version that it has and no more; one that asks again with the
 * version of before has not taken the last answer, and why cannot be known.
 */
final class PolledNode implements ConnectedStream {
    /** What one node may ask for, each with its names; others are answered and not kept. */
    private static final int MAX_SUBSCRIPTIONS = 1024;

    /** What is kept of a subscription, and of each name beside its text, roughly. */
    private static final int SUBSCRIPTION_BYTES = 512;

    private static final int NAME_BYTES = 128;

    private record Asked(String typeUrl, Collection<String> names) {}

    private static final class Answered {
        private TypeStatus status;
        private List<Resource> resources = List.of();

        private Answered(TypeStatus status) {
            this.status = status;
        }
    }

    private final long id;
    private final NodeInfo node;
    private final Clock clock;
    private final Fleet fleet;
    private final Instant since;
    private final Map<Asked, Answered> answers = new LinkedHashMap<>();
    /** Takes so many bytes of what all nodes may have kept; false = there is no room. */
    private final LongPredicate room;

    private long kept;
    private boolean gone;
    private volatile Peer peer;
    private volatile ResourceView view;
    private volatile long polledNanos = System.nanoTime();

    PolledNode(long id, NodeInfo node, Peer peer, ResourceView view, Fleet fleet, Clock clock, LongPredicate room) {
        this.room = room;
        this.id = id;
        this.node = node;
        this.peer = peer;
        this.view = view;
        this.fleet = fleet;
        this.clock = clock;
        since = clock.instant();
    }

    /**
     * It has asked, and was answered so.
     *
     * @param version that it said it has
     */
    void polled(
            Peer from,
            ResourceView its,
            String typeUrl,
            Collection<String> names,
            String version,
            Polling.Answer answer) {
        peer = from;
        view = its;
        polledNanos = System.nanoTime();
        TypeStatus changed = note(typeUrl, names, version, answer);
        if (changed != null) {
            fleet.changed(this, changed);
        }
    }

    private synchronized @Nullable TypeStatus note(
            String typeUrl, Collection<String> names, String version, Polling.Answer answer) {
        Asked asked = new Asked(typeUrl, new TreeSet<>(names));
        Answered known = answers.get(asked);
        if (known == null) {
            long size = size(names);
            if (gone || answers.size() >= MAX_SUBSCRIPTIONS || !room.test(size)) {
                return null;
            }
            kept += size;
            int subscribed = names.isEmpty() ? -1 : names.size();
            known = new Answered(new TypeStatus(typeUrl, subscribed, 0, "", null, "", null, "", null));
            answers.put(asked, known);
        }
        TypeStatus before = known.status;
        Instant now = clock.instant();
        String sent = before.sentVersion();
        if (!sent.isEmpty()) {
            if (version.equals(sent)) {
                if (before.state() != TypeStatus.State.ACKED) {
                    known.status = before.acked(now, false);
                }
            } else if (version.equals(before.ackedVersion())) {
                known.status = before.nacked("it asks again as before the last answer, which it has not taken", now);
            }
        }
        if (!answer.unchanged()) {
            known.resources = List.copyOf(answer.resources());
            known.status =
                    known.status.sent(answer.version(), "", known.status.subscribed(), known.resources.size(), now);
        } else if (sent.isEmpty()) {
            // It came with what it is to have.
            known.status = known.status
                    .sent(version, "", known.status.subscribed(), 0, now)
                    .acked(now, false);
        }
        return known.status.equals(before) ? null : known.status;
    }

    private static long size(Collection<String> names) {
        long size = SUBSCRIPTION_BYTES;
        for (String name : names) {
            size += NAME_BYTES + name.length();
        }
        return size;
    }

    /** It is kept no longer; answers the bytes that it had taken. */
    synchronized long end() {
        gone = true;
        return kept;
    }

    /** How long it has not asked for anything. */
    long idleNanos(long now) {
        return now - polledNanos;
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public NodeInfo node() {
        return node;
    }

    @Override
    public Peer peer() {
        return peer;
    }

    @Override
    public boolean delta() {
        return false;
    }

    @Override
    public boolean aggregated() {
        return false;
    }

    @Override
    public boolean polls() {
        return true;
    }

    @Override
    public Instant since() {
        return since;
    }

    @Override
    public synchronized List<TypeStatus> types() {
        return answers.values().stream().map(answered -> answered.status).toList();
    }

    @Override
    public synchronized CompletionStage<List<SentResource>> sent() {
        List<SentResource> all = new ArrayList<>();
        for (Answered answered : answers.values()) {
            TypeStatus status = answered.status;
            answered.resources.forEach(
                    resource -> all.add(new SentResource(resource, status.state(), status.sentAt(), status.nack())));
        }
        return CompletableFuture.completedStage(all);
    }

    @Override
    public ResourceView view() {
        return view;
    }

    /** Nothing: each poll asks for the node's view anew. */
    @Override
    public void moveTo(ResourceView to) {}

    /** It is out of the fleet, and comes back when it polls after it was forgotten for having not polled for a while. */
    @Override
    public void disconnect(String reason) {
        fleet.remove(this);
    }

    @Override
    public String toString() {
        return node + " (polls)";
    }
}
