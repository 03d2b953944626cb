package dev.mishap.proxy.filter.udp.dnsfilter;

import dev.mishap.proxy.rules.RuleMarks;
import dev.mishap.rules.QuestionDecision;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A question that waits for a resolver or for its delay. Confined to a loop. */
final class Asked {
    final InetSocketAddress from;
    /** The message. Owned. */
    final ByteBuf query;

    final int questionEnd;
    final int type;
    /** As the table has names. */
    final String name;

    final long startNanos = System.nanoTime();

    @Nullable
    Map<String, Object> marks;

    QuestionDecision decision = QuestionDecision.NONE;
    boolean injected;
    long retries;
    /** Records that were found; the answer may not have room for all. -1 = as many as the answer has. */
    int found = -1;

    void mark(Map<String, Object> more) {
        marks = RuleMarks.joined(marks, more);
    }

    Asked(InetSocketAddress from, ByteBuf query, int questionEnd, int type, String name, long retries) {
        this.from = from;
        this.query = query;
        this.questionEnd = questionEnd;
        this.type = type;
        this.name = name;
        this.retries = retries;
    }
}
