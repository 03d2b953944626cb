package dev.mishap.proxy.filter.common.dns;

import dev.mishap.proxy.dns.wire.DnsMessage;
import dev.mishap.proxy.dns.wire.QuestionReader;
import dev.mishap.proxy.http.DnsFacts;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.AccessLog;
import dev.mishap.proxy.observe.log.DnsLine;
import dev.mishap.proxy.rules.RuleTag;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A line a question. Confined to a loop. */
final class QuestionLog {
    private final DnsLine line;
    private final QuestionReader reader = new QuestionReader();

    QuestionLog(AccessLog log) {
        this.line = new DnsLine(log);
    }

    /**
     * @param answer null when the client got none
     * @param upstream the resolver that was asked last, or null
     */
    void log(Exchange exchange, @Nullable ByteBuf answer, @Nullable InetSocketAddress upstream) {
        DnsClient client = exchange.client;
        InetSocketAddress from = exchange.address;
        if (client == null || from == null) {
            return;
        }
        StreamInfo info = line.begin(exchange.startNanos);
        line.between(from, client.local(), exchange.query.readableBytes(), answer == null ? 0 : answer.readableBytes());
        info.protocol = client.overStream() ? "TCP" : "UDP";
        info.upstreamHost = upstream;
        info.upstreamRequestAttemptCount = exchange.attempts;
        reader.read(exchange.query);
        info.dns = new DnsFacts(
                reader.name(exchange.query, false),
                reader.type(),
                reader.klass(),
                answer == null ? 0 : DnsMessage.answers(answer),
                true);
        info.responseCode = answer == null ? 0 : DnsMessage.rcode(answer);
        flags(info, exchange, answer);
        line.end();
    }

    private static void flags(StreamInfo info, Exchange exchange, @Nullable ByteBuf answer) {
        if (exchange.decision.delayNanos() > 0) {
            info.addFlag(ResponseFlag.DELAY_INJECTED);
        }
        if (exchange.injected) {
            info.addFlag(ResponseFlag.FAULT_INJECTED);
        }
        if (exchange.unanswered) {
            info.addFlag(ResponseFlag.UPSTREAM_REQUEST_TIMEOUT);
        }
        if (exchange.overflow) {
            info.addFlag(ResponseFlag.UPSTREAM_OVERFLOW);
        }
        if (answer == null && !exchange.injected) {
            info.addFlag(ResponseFlag.DOWNSTREAM_CONNECTION_TERMINATION);
        }
        Map<String, Object> marks = exchange.marks;
        if (marks != null) {
            info.putDynamicMetadata(RuleTag.METADATA_NAMESPACE, marks);
        }
    }
}
