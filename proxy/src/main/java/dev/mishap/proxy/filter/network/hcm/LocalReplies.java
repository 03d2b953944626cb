package dev.mishap.proxy.filter.network.hcm;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.DataSource;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReplyMapper;
import dev.mishap.proxy.observe.log.AccessLogFilter;
import dev.mishap.proxy.observe.log.LogContext;
import dev.mishap.proxy.observe.log.LogFormat;
import dev.mishap.proxy.route.HeaderMutations;
import dev.mishap.proxy.route.HeaderMutationsConfig;
import dev.mishap.proxy.runtime.RuntimeSnapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** {@code local_reply_config}: the first mapper whose filter matches changes the reply, then a format its body. */
final class LocalReplies implements LocalReplyMapper {
    private record Mapper(
            AccessLogFilter filter,
            int status,
            @Nullable String body,
            HeaderMutations headers,
            @Nullable LogFormat format) {}

    private final List<Mapper> mappers;
    private final @Nullable LogFormat format;

    private LocalReplies(List<Mapper> mappers, @Nullable LogFormat format) {
        this.mappers = mappers;
        this.format = format;
    }

    static LocalReplies from(ConfigNode node, Supplier<RuntimeSnapshot> runtime) {
        List<Mapper> mappers = new ArrayList<>();
        for (ConfigNode m : node.messages("mappers")) {
            ConfigNode body = m.message("body");
            ConfigNode format = m.message("body_format_override");
            mappers.add(new Mapper(
                    AccessLogFilter.from(m.required("filter"), runtime),
                    (int) m.integer("status_code", 0),
                    body == null ? null : DataSource.text(body),
                    HeaderMutationsConfig.ofAdditions(m.messages("headers_to_add")),
                    format == null ? null : LogFormat.from(format)));
        }
        ConfigNode format = node.message("body_format");
        return new LocalReplies(List.copyOf(mappers), format == null ? null : LogFormat.from(format));
    }

    @Override
    public void rewrite(HttpStream stream, Reply reply) {
        LogFormat chosen = format;
        LogContext context = LogContext.of(stream.info(), stream.requestHeaders(), reply.headers, null);
        for (Mapper m : mappers) {
            if (!m.filter.logs(context)) {
                continue;
            }
            m.headers.apply(reply.headers, stream, reply.headers);
            if (m.status != 0) {
                reply.status = m.status;
                stream.info().responseCode = m.status;
            }
            if (m.body != null) {
                reply.body = m.body;
            }
            if (m.format != null) {
                chosen = m.format;
            }
            break;
        }
        if (chosen != null) {
            byte[] text = chosen.formatLocalReply(stream.info(), stream.requestHeaders(), reply.headers, reply.body);
            // A JSON object ends with a newline, except in gRPC's message.
            int length = reply.grpc && chosen.isJson() ? text.length - 1 : text.length;
            reply.body = new String(text, 0, length, StandardCharsets.UTF_8);
            reply.contentType = chosen.contentType();
        }
    }
}
