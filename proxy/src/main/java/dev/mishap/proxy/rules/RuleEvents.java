package dev.mishap.proxy.rules;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.rules.FaultRule;
import dev.mishap.rules.RuleStatus;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What happened to rules lately: the last {@link #CAPACITY} events, and whoever follows them. Safe for many threads; an event is rare
 * (a rule comes or goes, a limit is reached for the first time in a while), so a lock does.
 */
final class RuleEvents {
    /** How many events are kept. */
    static final int CAPACITY = 1024;
    /** How many may follow. */
    static final int MAX_FOLLOWERS = 16;

    /** What happened. */
    enum Kind {
        /** A rule is in place. */
        STARTED,
        /** A rule took the place of one of its name. */
        REPLACED,
        /** A rule was taken out. */
        STOPPED,
        /** A rule's ttl or lease ran out. */
        EXPIRED,
        /** A rule was held back by its cap, its limit on concurrency, or its rate, for the first time in ten seconds. */
        LIMITED,
        /** The kill switch is on. */
        KILLED,
        /** The kill switch is off again. */
        ARMED;

        String field() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One event.
     *
     * @param number from 1 on, without gaps
     * @param why in words; for a limit its name
     */
    record Event(
            long number,
            Instant time,
            Kind kind,
            @Nullable String rule,
            @Nullable String experiment,
            @Nullable String why,
            @Nullable RuleStatus counts) {
        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("number", number);
            json.put("time", time.toString());
            json.put("kind", kind.field());
            put(json, "rule", rule);
            put(json, "experimentId", experiment);
            put(json, "reason", why);
            if (counts != null) {
                Map<String, Object> map = new LinkedHashMap<>();
                RulesJson.counts(counts, map);
                json.put("counts", map);
            }
            return json;
        }

        private static void put(Map<String, Object> json, String key, @Nullable String value) {
            if (value != null) {
                json.put(key, value);
            }
        }

        /** As a server-sent event. */
        String serverSent() {
            return "id: " + number + "\nevent: " + kind.field() + "\ndata: " + JsonWriter.compact(json()) + "\n\n";
        }
    }

    private final ArrayDeque<Event> ring = new ArrayDeque<>();
    private final List<Consumer<Event>> followers = new ArrayList<>();
    private long last;

    void add(Kind kind, @Nullable FaultRule rule, @Nullable String why, @Nullable RuleStatus counts) {
        add(kind, rule == null ? null : rule.name(), rule == null ? null : rule.experimentId(), why, counts);
    }

    private synchronized void add(
            Kind kind,
            @Nullable String rule,
            @Nullable String experiment,
            @Nullable String why,
            @Nullable RuleStatus counts) {
        Event event = new Event(++last, Instant.now(), kind, rule, experiment, why, counts);
        if (ring.size() == CAPACITY) {
            ring.removeFirst();
        }
        ring.addLast(event);
        for (Consumer<Event> follower : followers) {
            follower.accept(event);
        }
    }

    /** The events after that number, oldest first, at most {@code limit} of them. */
    synchronized List<Event> after(long number, int limit) {
        List<Event> events = new ArrayList<>();
        for (Event event : ring) {
            if (event.number() > number && events.size() < limit) {
                events.add(event);
            }
        }
        return events;
    }

    /** The number of the newest event; 0 = there was none. */
    synchronized long last() {
        return last;
    }

    /**
     * Tells {@code follower} of the events after a number, and of all to come, under the lock: it must only hand them on.
     *
     * @return false when there are too many already
     */
    synchronized boolean follow(Consumer<Event> follower, long number) {
        if (followers.size() >= MAX_FOLLOWERS) {
            return false;
        }
        followers.add(follower);
        for (Event event : ring) {
            if (event.number() > number) {
                follower.accept(event);
            }
        }
        return true;
    }

    synchronized void unfollow(Consumer<Event> follower) {
        followers.remove(follower);
    }
}
