package dev.mishap.proxy.filter.common.dns;

import org.jspecify.annotations.Nullable;

/** The questions of one socket or connection that are under way. Confined to its loop. */
final class UnderWay {
    private @Nullable Exchange first;
    private int size;

    int size() {
        return size;
    }

    void add(Exchange exchange) {
        size++;
        exchange.nextOfClient = first;
        if (first != null) {
            first.previousOfClient = exchange;
        }
        first = exchange;
    }

    void remove(Exchange exchange) {
        size--;
        Exchange previous = exchange.previousOfClient;
        Exchange next = exchange.nextOfClient;
        if (previous == null) {
            first = next;
        } else {
            previous.nextOfClient = next;
        }
        if (next != null) {
            next.previousOfClient = previous;
        }
        exchange.previousOfClient = exchange.nextOfClient = null;
    }

    /** Nobody can be answered any more. */
    void abandon(DnsServer server) {
        for (Exchange exchange = first; exchange != null; exchange = first) {
            server.abandon(exchange);
        }
    }
}
