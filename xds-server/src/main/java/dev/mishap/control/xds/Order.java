package dev.mishap.control.xds;

import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Make before break: clusters and their endpoints come before the listeners and routes that may name them, and those wait until the
 * client has answered; clusters that are gone go after the routes that used them have changed. Runtime layers and extension
 * configurations, which carry faults, wait for nothing.
 */
record Order(Map<Subscription, Changes> first, Map<Subscription, Changes> last) {
    static final Comparator<Subscription> BY_TYPE = Comparator.comparingInt(s -> rank(s.typeUrl()));

    private static final int SECRETS = 2;
    private static final int OTHERS = 3;

    private static int rank(String typeUrl) {
        return switch (typeUrl) {
            case TypeUrls.CLUSTER -> 0;
            case TypeUrls.ENDPOINT -> 1;
            case TypeUrls.SECRET -> SECRETS;
            case TypeUrls.LISTENER -> OTHERS + 1;
            case TypeUrls.SCOPED_ROUTE -> OTHERS + 2;
            case TypeUrls.ROUTE -> OTHERS + 3;
            case TypeUrls.VIRTUAL_HOST -> OTHERS + 4;
            default -> OTHERS;
        };
    }

    /** What is to be sent, within {@link ResourceView#read}; an order across types is there on an aggregated stream only. */
    static Order of(ResourceView view, List<Subscription> subscriptions, boolean aggregated) {
        Map<Subscription, Changes> last = new LinkedHashMap<>();
        boolean unsettled = false;
        for (Subscription subscription : subscriptions) {
            if (rank(subscription.typeUrl()) <= OTHERS) {
                continue;
            }
            unsettled |= subscription.pending() || subscription.refused();
            if (!subscription.pending()) {
                Changes changes = subscription.look(view, false);
                if (changes.isEmpty()) {
                    subscription.take(changes);
                } else {
                    last.put(subscription, changes);
                    unsettled = true;
                }
            }
        }
        Map<Subscription, Changes> first = new LinkedHashMap<>();
        for (Subscription subscription : subscriptions) {
            int rank = rank(subscription.typeUrl());
            if (rank <= OTHERS && !subscription.pending()) {
                first.put(subscription, subscription.look(view, aggregated && unsettled && rank <= SECRETS));
            }
        }
        return new Order(first, last);
    }

    /** How long listeners and routes still wait for the client's answer about clusters and endpoints; 0: no longer. */
    static long waitNanos(List<Subscription> subscriptions, boolean aggregated, long now, Duration deadline) {
        long wait = 0;
        for (Subscription subscription : subscriptions) {
            if (aggregated && subscription.pending() && rank(subscription.typeUrl()) < SECRETS) {
                wait = Math.max(wait, subscription.pendingSince() + deadline.toNanos() - now);
            }
        }
        return wait;
    }
}
