package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.route.match.StringMatcher;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code HttpHealthCheck}: a request, and which answers are good ones.
 *
 * @param host host header; {@code ""} = the cluster's name
 * @param expected statuses of a healthy endpoint
 * @param retriable statuses that count towards {@code unhealthy_threshold}, while others tell at once
 * @param serviceName what {@code x-envoy-upstream-healthchecked-cluster} must say, or null
 * @param http2 whether it is asked over HTTP/2
 */
record HttpCheck(
        String host,
        String path,
        String method,
        byte[] send,
        List<byte[]> receive,
        long responseBuffer,
        List<CheckHeader> add,
        List<HeaderName> remove,
        List<StatusRange> expected,
        List<StatusRange> retriable,
        @Nullable StringMatcher serviceName,
        boolean http2) {
    private static final HeaderName CHECKED_CLUSTER = HeaderName.of("x-envoy-upstream-healthchecked-cluster");
    private static final HeaderName DEGRADED = HeaderName.of("x-envoy-degraded");
    private static final String MESSAGE = "envoy.config.core.v3.HealthCheck.HttpHealthCheck";

    static final List<SupportedFields> FIELDS = List.of(SupportedFields.of(MESSAGE)
            .supported("host", "path", "send", "receive", "response_buffer_size", "request_headers_to_add")
            .supported("request_headers_to_remove", "expected_statuses", "retriable_statuses")
            .supported("codec_client_type", "service_name_matcher", "method"));

    /** Statuses {@code from} up to, but without, {@code to}. */
    record StatusRange(long from, long to) {}

    static HttpCheck from(ConfigNode node) {
        List<StatusRange> expected = ranges(node, "expected_statuses", "expected");
        String method = node.enumName("method");
        if (method.equals("CONNECT")) {
            throw node.error("method", "CONNECT is not supported");
        }
        String codec = node.enumName("codec_client_type");
        if (codec.equals("HTTP3")) {
            throw node.error("codec_client_type", "HTTP3 is not supported");
        }
        ConfigNode name = node.message("service_name_matcher");
        byte[] send = Payload.from(node.message("send"));
        if (send.length > 0 && !(method.equals("POST") || method.equals("PUT") || method.equals("PATCH"))) {
            if (!method.equals("METHOD_UNSPECIFIED") && !method.equals("GET")) {
                throw node.error("send", "a " + method + " request has no body");
            }
        }
        return new HttpCheck(
                node.string("host"),
                node.string("path"),
                method.equals("METHOD_UNSPECIFIED") ? "GET" : method,
                send,
                Payload.listFrom(node.messages("receive")),
                node.integer("response_buffer_size", 1024),
                CheckHeader.listFrom(node.messages("request_headers_to_add")),
                node.strings("request_headers_to_remove").stream()
                        .map(HeaderName::of)
                        .toList(),
                expected.isEmpty() ? List.of(new StatusRange(200, 201)) : expected,
                ranges(node, "retriable_statuses", "retriable"),
                name == null ? null : StringMatcher.from(name),
                codec.equals("HTTP2"));
    }

    private static List<StatusRange> ranges(ConfigNode node, String field, String kind) {
        List<StatusRange> all = new ArrayList<>();
        for (ConfigNode range : node.messages(field)) {
            long from = range.integer("start", 0);
            long to = range.integer("end", 0);
            if (from >= to) {
                throw new ConfigException("Invalid http " + kind
                        + " status range: expecting start < end, but found start=" + from + " and end=" + to);
            }
            if (from < 100) {
                throw new ConfigException(
                        "Invalid http " + kind + " status range: expecting start >= 100, but found start=" + from);
            }
            if (to > 600) {
                throw new ConfigException(
                        "Invalid http " + kind + " status range: expecting end <= 600, but found end=" + to);
            }
            all.add(new StatusRange(from, to));
        }
        return List.copyOf(all);
    }

    HttpProbe.HttpExchange exchange(Cluster cluster, Endpoint endpoint, HealthStats stats) {
        return new Exchange(cluster, endpoint, stats);
    }

    private final class Exchange implements HttpProbe.HttpExchange {
        private final Cluster cluster;
        private final Endpoint endpoint;
        private final HealthStats stats;

        Exchange(Cluster cluster, Endpoint endpoint, HealthStats stats) {
            this.cluster = cluster;
            this.endpoint = endpoint;
            this.stats = stats;
        }

        @Override
        public void fill(HeaderMap request) {
            String own = endpoint.config().healthCheck().hostname();
            request.add(HeaderName.METHOD, method);
            request.add(HeaderName.SCHEME, "http");
            request.add(HeaderName.AUTHORITY, !own.isEmpty() ? own : host.isEmpty() ? cluster.name() : host);
            request.add(HeaderName.PATH, path);
            request.add(CheckHeader.USER_AGENT, "Envoy/HC");
            if (send.length > 0) {
                request.add(HeaderName.CONTENT_LENGTH, Integer.toString(send.length));
            }
            remove.forEach(request::remove);
            add.forEach(header -> header.apply(request));
        }

        @Override
        public @Nullable ByteBuf body() {
            return send.length == 0 ? null : Unpooled.wrappedBuffer(send);
        }

        @Override
        public void judge(HeaderMap response, @Nullable HeaderMap trailers, ByteBuf body, Probe.Results to) {
            String text = response.get(HeaderName.STATUS);
            int status = text == null ? 0 : Integer.parseInt(text);
            if (!contains(expected, status)) {
                to.failed(Failure.ACTIVE, contains(retriable, status), status);
                return;
            }
            if (!receive.isEmpty()) {
                int n = (int)
                        (responseBuffer == 0 ? body.readableBytes() : Math.min(responseBuffer, body.readableBytes()));
                if (!Payload.containsInOrder(receive, body.slice(body.readerIndex(), n))) {
                    to.failed(Failure.ACTIVE, false, status);
                    return;
                }
            }
            StringMatcher name = serviceName;
            if (name != null && verifiesCluster()) {
                stats.verifyCluster.inc();
                String checked = response.get(CHECKED_CLUSTER);
                if (!name.matches(checked == null ? "" : checked)) {
                    to.failed(Failure.ACTIVE, false, status);
                    return;
                }
            }
            to.passed(response.contains(DEGRADED));
        }

        private boolean verifiesCluster() {
            long share = cluster.context().runtime().partsPerMillion("health_check.verify_cluster", 1_000_000);
            return java.util.concurrent.ThreadLocalRandom.current().nextInt(1_000_000) < share;
        }
    }

    private static boolean contains(List<StatusRange> ranges, int status) {
        for (StatusRange r : ranges) {
            if (status >= r.from && status < r.to) {
                return true;
            }
        }
        return false;
    }
}
