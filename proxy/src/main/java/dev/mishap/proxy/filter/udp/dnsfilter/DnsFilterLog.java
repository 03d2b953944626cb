package dev.mishap.proxy.filter.udp.dnsfilter;

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
final class DnsFilterLog {
    private final @Nullable DnsLine line;
    private final QuestionReader reader = new QuestionReader();

    DnsFilterLog(AccessLog log) {
        line = log == AccessLog.NONE ? null : new DnsLine(log);
    }

    void malformed(InetSocketAddress from, @Nullable InetSocketAddress local, ByteBuf message, ByteBuf answer) {
        if (line != null) {
            StreamInfo info = line.begin(System.nanoTime());
            info.protocol = "UDP";
            line.between(from, local, message.readableBytes(), answer.readableBytes());
            info.responseCode = DnsMessage.rcode(answer);
            info.dns = new DnsFacts("", 0, 0, 0, false);
            line.end();
        }
    }

    void ended(Asked asked, @Nullable InetSocketAddress local, @Nullable ByteBuf answer) {
        if (line == null) {
            return;
        }
        StreamInfo info = line.begin(asked.startNanos);
        info.protocol = "UDP";
        line.between(asked.from, local, asked.query.readableBytes(), answer == null ? 0 : answer.readableBytes());
        info.responseCode = answer == null ? 0 : DnsMessage.rcode(answer);
        int answers = answer == null ? 0 : asked.found < 0 ? DnsMessage.answers(answer) : asked.found;
        reader.read(asked.query);
        String name = reader.name(asked.query, false);
        info.dns = new DnsFacts(name, asked.type, DnsMessage.CLASS_IN, answers, true);
        if (asked.decision.delayNanos() > 0) {
            info.addFlag(ResponseFlag.DELAY_INJECTED);
        }
        if (asked.injected) {
            info.addFlag(ResponseFlag.FAULT_INJECTED);
        }
        Map<String, Object> marks = asked.marks;
        if (marks != null) {
            info.putDynamicMetadata(RuleTag.METADATA_NAMESPACE, marks);
        }
        line.end();
    }
}
