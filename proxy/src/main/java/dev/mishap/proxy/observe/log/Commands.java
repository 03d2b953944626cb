package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.ResponseFlag;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import dev.mishap.proxy.transport.InternalAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** The operators by name. Those with parameters of their own are made by {@link HeaderFields}, {@link MetadataFields} and {@link TimeFields}. */
final class Commands {
    /** Operators that exist in Envoy and tell something that this proxy does not measure. */
    private static final String NOT_MEASURED =
            " DOWNSTREAM_CX_RTT DOWNSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_LOCAL_CLOSE_REASON"
                    + " ROUTE_RESOLUTION_TIME_US STREAM_INFO_REQ CEL ";

    private static final Map<String, Function<StreamInfo, @Nullable String>> TEXTS = Map.ofEntries(
            Map.entry("PROTOCOL", i -> i.protocol),
            Map.entry("UPSTREAM_PROTOCOL", i -> i.upstreamProtocol),
            Map.entry("CONNECTION_TERMINATION_DETAILS", i -> i.connectionTerminationDetails),
            Map.entry("UPSTREAM_CLUSTER", i -> i.upstreamCluster),
            Map.entry("UPSTREAM_CLUSTER_RAW", i -> i.upstreamClusterRaw),
            Map.entry("UPSTREAM_TRANSPORT_FAILURE_REASON", i -> underscores(i.upstreamTransportFailureReason)),
            Map.entry(
                    "DOWNSTREAM_LOCAL_CLOSE_REASON", i -> i.connection == null ? null : i.connection.localCloseReason),
            Map.entry(
                    "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
                    i -> i.connection == null ? null : underscores(i.connection.transportFailureReason)),
            // flags that extensions define, of which there are none
            Map.entry("CUSTOM_FLAGS", i -> ""),
            // addresses of internal listeners have such ids
            Map.entry("DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", i -> endpointId(InternalAddresses.local(i))),
            Map.entry("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID", i -> endpointId(InternalAddresses.local(i))),
            Map.entry(
                    "UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID",
                    i -> i.upstreamConnectionId == 0 ? null : endpointId(i.upstreamHost)),
            // of HTTP/3 only
            Map.entry("ROUNDTRIP_DURATION", i -> null),
            // of DNS questions
            Map.entry("QUERY_NAME", i -> i.dns == null || !i.dns.parsed() ? null : i.dns.name()),
            Map.entry("PARSE_STATUS", i -> i.dns == null ? null : String.valueOf(i.dns.parsed())),
            Map.entry("ROUTE_NAME", i -> emptyAsNull(i.routeName)),
            Map.entry("VIRTUAL_CLUSTER_NAME", i -> i.virtualClusterName),
            Map.entry("LISTENER_NAME", i -> i.connection == null ? null : emptyAsNull(i.connection.listenerName)),
            Map.entry("FILTER_CHAIN_NAME", i -> emptyAsNull(i.filterChainName)));

    private static final Map<String, ToLongFunction<StreamInfo>> NUMBERS = Map.ofEntries(
            Map.entry("RESPONSE_CODE", i -> i.responseCode),
            Map.entry("QUERY_TYPE", i -> i.dns == null || !i.dns.parsed() ? Field.NumberField.NONE : i.dns.type()),
            Map.entry("QUERY_CLASS", i -> i.dns == null || !i.dns.parsed() ? Field.NumberField.NONE : i.dns.klass()),
            Map.entry("ANSWER_COUNT", i -> i.dns == null ? Field.NumberField.NONE : i.dns.answers()),
            Map.entry("BYTES_RECEIVED", i -> i.bytesReceived),
            Map.entry("BYTES_SENT", i -> i.bytesSent),
            Map.entry("CONNECTION_ID", i -> i.connectionId == 0 ? Field.NumberField.NONE : i.connectionId),
            Map.entry("ROUTE_RESOLUTION_COUNT", i -> i.routeResolutions),
            Map.entry("UPSTREAM_REQUEST_ATTEMPT_COUNT", i -> i.upstreamRequestAttemptCount),
            Map.entry("DOWNSTREAM_LOCAL_PORT", i -> port(i.downstreamLocalAddress)),
            Map.entry("DOWNSTREAM_DIRECT_LOCAL_PORT", i -> port(i.downstreamLocalAddress)),
            Map.entry("DOWNSTREAM_REMOTE_PORT", i -> port(i.downstreamRemoteAddress)),
            Map.entry("DOWNSTREAM_DIRECT_REMOTE_PORT", i -> port(i.downstreamDirectRemoteAddress)),
            Map.entry("UPSTREAM_LOCAL_PORT", i -> port(i.upstreamLocalAddress)));

    private static final Map<String, Function<StreamInfo, @Nullable SocketAddress>> ADDRESSES = Map.of(
            "UPSTREAM_HOST", i -> i.upstreamHost,
            "UPSTREAM_REMOTE_ADDRESS", StreamInfo::upstreamRemoteAddress,
            "UPSTREAM_LOCAL_ADDRESS", InternalAddresses::upstreamLocal,
            "DOWNSTREAM_LOCAL_ADDRESS", InternalAddresses::local,
            "DOWNSTREAM_DIRECT_LOCAL_ADDRESS", InternalAddresses::local,
            "DOWNSTREAM_REMOTE_ADDRESS", i -> InternalAddresses.remote(i, i.downstreamRemoteAddress),
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS", i -> InternalAddresses.remote(i, i.downstreamDirectRemoteAddress));

    /** The operator of the extension {@code envoy.formatter.req_without_query}. */
    static final String REQ_WITHOUT_QUERY = "REQ_WITHOUT_QUERY";

    private Commands() {}

    private static String endpointId(@Nullable SocketAddress address) {
        return address instanceof InternalAddress internal ? internal.endpointId() : "";
    }

    /** An operator of Envoy's own. */
    static Field create(Command command) {
        if (command.name().equals(REQ_WITHOUT_QUERY)) {
            throw new ConfigException("Not supported field in StreamInfo: " + command.name());
        }
        return createAny(command);
    }

    /** An operator of Envoy's own, or one that a formatter extension brings. */
    static Field createAny(Command command) {
        String name = command.name();
        Field field = withParameters(command);
        if (field == null) {
            field = TlsFields.create(command);
        }
        if (field != null) {
            return field;
        }
        if (name.endsWith("_ADDRESS_WITHOUT_PORT")) {
            Function<StreamInfo, @Nullable SocketAddress> address =
                    ADDRESSES.get(name.substring(0, name.length() - "_WITHOUT_PORT".length()));
            if (address != null) {
                return AddressField.withoutPort(address, command);
            }
        }
        Field plain = plain(name);
        if (plain == null) {
            if (NOT_MEASURED.contains(" " + name + " ")) {
                throw new ConfigException("The operator %" + name + "% is not supported");
            }
            throw new ConfigException("Not supported field in StreamInfo: " + name);
        }
        if (!command.bare()) {
            throw new ConfigException(name + " does not take any parameters or length");
        }
        return plain;
    }

    private static @Nullable Field withParameters(Command command) {
        return switch (command.name()) {
            case "REQ", "REQUEST_HEADER" -> HeaderFields.header(command, LogContext::request);
            case "RESP", "RESPONSE_HEADER" -> HeaderFields.header(command, LogContext::response);
            case "TRAILER", "RESPONSE_TRAILER" -> HeaderFields.header(command, LogContext::trailers);
            case "GRPC_STATUS", "GRPC_STATUS_NUMBER" -> GrpcStatusField.create(command);
            case REQ_WITHOUT_QUERY -> HeaderFields.withoutQuery(command);
            case "PATH" -> HeaderFields.path(command);
            case "QUERY_PARAM" -> HeaderFields.queryParam(command);
            case "QUERY_PARAMS" -> HeaderFields.queryParams(command);
            case "REQUESTED_SERVER_NAME" -> HeaderFields.requestedServerName(command);
            case "DYNAMIC_METADATA", "CLUSTER_METADATA", "UPSTREAM_METADATA", "METADATA" ->
                MetadataFields.create(command);
            case "UPSTREAM_FILTER_STATE" -> {
                MetadataFields.filterState(command);
                yield text(i -> null); // it is shared with upstream filters, of which there are none
            }
            case "COALESCE" -> CoalesceField.create(command);
            case "FILTER_STATE" -> MetadataFields.filterState(command);
            case "START_TIME", "START_TIME_LOCAL", "EMIT_TIME", "EMIT_TIME_LOCAL", "COMMON_DURATION" ->
                TimeFields.create(command);
            case "ENVIRONMENT" -> environment(command);
            case "RESPONSE_CODE_DETAILS" -> {
                boolean spaces = command.parameters().equals("ALLOW_WHITESPACES");
                yield text(i -> spaces ? i.responseCodeDetails : underscores(i.responseCodeDetails));
            }
            default -> null;
        };
    }

    private static @Nullable Field plain(String name) {
        Field counted = ByteFields.create(name);
        if (counted == null) {
            counted = AttemptFields.create(name);
        }
        if (counted != null) {
            return counted;
        }
        Function<StreamInfo, @Nullable String> text = TEXTS.get(name);
        if (text != null) {
            return text(text);
        }
        ToLongFunction<StreamInfo> number = NUMBERS.get(name);
        if (number != null) {
            return number(number);
        }
        Function<StreamInfo, @Nullable SocketAddress> address = ADDRESSES.get(name);
        if (address != null) {
            return AddressField.withPort(address);
        }
        return switch (name) {
            case "DURATION", "REQUEST_DURATION", "REQUEST_TX_DURATION", "RESPONSE_DURATION", "RESPONSE_TX_DURATION" ->
                TimeFields.duration(name);
            case "RESPONSE_FLAGS" -> flags(ResponseFlag::shortName);
            case "RESPONSE_FLAGS_LONG" -> flags(ResponseFlag::longName);
            case "UPSTREAM_REMOTE_PORT" -> new RemotePort();
            case "UPSTREAM_HOST_NAME" -> AddressField.hostName(true);
            case "UPSTREAM_HOST_NAME_WITHOUT_PORT" -> AddressField.hostName(false);
            case "TLS_JA3_FINGERPRINT" -> text(i -> i.connection == null ? null : i.connection.ja3);
            case "TLS_JA4_FINGERPRINT" -> text(i -> i.connection == null ? null : i.connection.ja4);
            case "HOSTNAME" -> constant(hostName());
            case "LOCAL_REPLY_BODY" -> context(LogContext::localReplyBody);
            case "ACCESS_LOG_TYPE" -> text(i -> i.accessLogType.text());
            case "UNIQUE_ID" -> context(c -> randomUuid());
            case "STREAM_ID" -> HeaderFields.streamId();
            case "REQUEST_HEADERS_BYTES" -> HeaderFields.byteSize(LogContext::request);
            case "RESPONSE_HEADERS_BYTES" -> HeaderFields.byteSize(LogContext::response);
            case "RESPONSE_TRAILERS_BYTES" -> HeaderFields.byteSize(LogContext::trailers);
            case "TRACE_ID" -> text(i -> i.span == null ? null : i.span.traceId());
            case "SPAN_ID" -> text(i -> i.span == null ? null : i.span.spanId());
            default -> null;
        };
    }

    static Field text(Function<StreamInfo, @Nullable String> value) {
        return context(c -> value.apply(c.info()));
    }

    private static Field context(Function<LogContext, @Nullable String> value) {
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                String text = value.apply(context);
                if (text == null) {
                    return false;
                }
                out.latin1(text);
                return true;
            }
        };
    }

    private static Field constant(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                out.append(bytes);
                return true;
            }
        };
    }

    private static Field number(ToLongFunction<StreamInfo> value) {
        return new Field.NumberField() {
            @Override
            long value(LogContext context) {
                return value.applyAsLong(context.info());
            }
        };
    }

    private static Field flags(Function<ResponseFlag, String> name) {
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                StreamInfo info = context.info();
                if (info.flagCount() == 0) {
                    out.append('-');
                }
                for (int i = 0; i < info.flagCount(); i++) {
                    if (i > 0) {
                        out.append(',');
                    }
                    out.latin1(name.apply(info.flag(i)));
                }
                return true;
            }
        };
    }

    private static Field environment(Command command) {
        if (command.parameters().isEmpty()) {
            throw new ConfigException("ENVIRONMENT requires parameters");
        }
        String value = System.getenv(command.parameters());
        Field field = constant(value == null ? "-" : value);
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    /** The port of the endpoint; of a unix socket nothing, rather than a mark that there is none. */
    private static final class RemotePort extends Field.NumberField {
        @Override
        long value(LogContext context) {
            return context.info().upstreamRemoteAddress() instanceof InetSocketAddress ip ? ip.getPort() : NONE;
        }

        @Override
        boolean append(LogContext context, LogBuffer out) {
            SocketAddress to = context.info().upstreamRemoteAddress();
            return super.append(context, out) || to != null && !(to instanceof InetSocketAddress);
        }
    }

    private static long port(@Nullable InetSocketAddress address) {
        return address == null ? Field.NumberField.NONE : address.getPort();
    }

    private static @Nullable String emptyAsNull(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    private static @Nullable String underscores(@Nullable String text) {
        return text == null ? null : text.replace(' ', '_');
    }

    private static String randomUuid() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = (random.nextLong() & ~0xf000L) | 0x4000L;
        long low = (random.nextLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }

    private static String hostName() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "-";
        }
    }
}
