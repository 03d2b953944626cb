package dev.mishap.deploy;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.TypeRegistry;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.envoyproxy.envoy.config.listener.v3.Listener;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.ScopedRouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import io.envoyproxy.envoy.extensions.access_loggers.file.v3.FileAccessLog;
import io.envoyproxy.envoy.extensions.filters.http.fault.v3.HTTPFault;
import io.envoyproxy.envoy.extensions.filters.http.on_demand.v3.OnDemand;
import io.envoyproxy.envoy.extensions.filters.http.on_demand.v3.PerRouteConfig;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.envoyproxy.envoy.service.runtime.v3.Runtime;
import io.grpc.HandlerRegistry;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A management server whose every answer is the test's: any stream, ADS or of one type, state of the world or incremental. It serves
 * a table of resources, and it notes what it is asked for, one line a request that is more than an acknowledgement. As a hostile
 * server it sends whatever bytes the test has.
 */
final class ScriptedXds implements AutoCloseable {
    /** What an incremental client is told of a name that is not in the table. */
    enum Absent {
        /** Nothing. */
        SILENCE,
        /** That it is removed. */
        REMOVED,
        /** A resource of that name without content, as VHDS does for hosts that do not exist. */
        EMPTY
    }

    private static final String PREFIX = "type.googleapis.com/";
    private static final TypeRegistry TYPES = TypeRegistry.newBuilder()
            .add(HttpConnectionManager.getDescriptor())
            .add(Router.getDescriptor())
            .add(HTTPFault.getDescriptor())
            .add(OnDemand.getDescriptor())
            .add(PerRouteConfig.getDescriptor())
            .add(FileAccessLog.getDescriptor())
            .build();
    private static final Map<String, Message> RESOURCES = new HashMap<>();

    static {
        for (Message m : List.of(
                Cluster.getDefaultInstance(),
                ClusterLoadAssignment.getDefaultInstance(),
                Listener.getDefaultInstance(),
                RouteConfiguration.getDefaultInstance(),
                ScopedRouteConfiguration.getDefaultInstance(),
                VirtualHost.getDefaultInstance(),
                Secret.getDefaultInstance(),
                TypedExtensionConfig.getDefaultInstance(),
                Runtime.getDefaultInstance())) {
            RESOURCES.put(m.getDescriptorForType().getName(), m);
        }
    }

    private final Server server;
    // All below is guarded by this.
    private final List<String> asked = new ArrayList<>();
    private final List<Stream> streams = new ArrayList<>();
    private final Map<String, Map<String, Message>> table = new HashMap<>();
    private final Set<String> onlyByName = new HashSet<>();
    private Absent absent = Absent.SILENCE;
    private boolean quiet;
    private int opened;
    private int nonces;

    /** @param port 0 = any */
    ScriptedXds(int port) {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
                .fallbackHandlerRegistry(new AnyMethod());
        try {
            server = builder.build().start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int port() {
        return server.getPort();
    }

    // ---- the table ----

    /** Puts a resource, in protobuf's text form, and tells those who asked for it. */
    void put(String type, String name, String text) {
        put(type, name, message(type, text));
    }

    /** Puts a resource, and tells those who asked for it. */
    synchronized void put(String type, String name, Message resource) {
        table.computeIfAbsent(type, t -> new LinkedHashMap<>()).put(name, resource);
        streams.forEach(s -> s.changed(type, name));
    }

    /** Puts a resource that is for those who ask for it by its name. */
    synchronized void putByName(String type, String name, String text) {
        onlyByName.add(type + "/" + name);
        put(type, name, text);
    }

    /** Takes a resource away, and tells those who asked for it. */
    synchronized void remove(String type, String name) {
        Map<String, Message> all = table.get(type);
        if (all != null && all.remove(name) != null) {
            streams.forEach(s -> s.changed(type, name));
        }
    }

    synchronized void absent(Absent how) {
        absent = how;
    }

    /** Whether requests are noted and not answered. */
    synchronized void quiet(boolean on) {
        quiet = on;
    }

    static Message message(String type, String text) {
        Message of = RESOURCES.get(type);
        if (of == null) {
            throw new AssertionError("no resource type " + type);
        }
        Message.Builder builder = of.newBuilderForType();
        try {
            TextFormat.Parser.newBuilder().setTypeRegistry(TYPES).build().merge(text, builder);
        } catch (TextFormat.ParseException e) {
            throw new AssertionError(text, e);
        }
        return builder.build();
    }

    static String typeUrl(String type) {
        return PREFIX + RESOURCES.get(type).getDescriptorForType().getFullName();
    }

    // ---- what was asked ----

    /** The requests so far. */
    synchronized List<String> asked() {
        return List.copyOf(asked);
    }

    synchronized void forgetAsked() {
        asked.clear();
    }

    void awaitAsked(String line) {
        Sidecar.await(() -> asked().contains(line));
    }

    /** How many streams were ever opened. */
    synchronized int opened() {
        return opened;
    }

    /** How many streams are open. */
    synchronized int open() {
        return streams.size();
    }

    // ---- the hostile server ----

    /** Sends bytes that are no message, or one of the test's, on every stream. */
    synchronized void sendRaw(byte[] message) {
        streams.forEach(s -> s.send(message));
    }

    /** Ends every stream, with an error. */
    synchronized void breakStreams() {
        List.copyOf(streams)
                .forEach(s -> s.responses.onError(
                        Status.UNAVAILABLE.withDescription("broken by the test").asRuntimeException()));
        streams.clear();
    }

    /** A response of the state of the world, for {@link #sendRaw}. */
    static DiscoveryResponse response(String type, String version, String nonce, Collection<Message> resources) {
        DiscoveryResponse.Builder b = DiscoveryResponse.newBuilder()
                .setTypeUrl(typeUrl(type))
                .setVersionInfo(version)
                .setNonce(nonce);
        resources.forEach(m -> b.addResources(Any.pack(m)));
        return b.build();
    }

    @Override
    public void close() {
        server.shutdownNow();
        try {
            server.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- streams ----

    private final class AnyMethod extends HandlerRegistry {
        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
            MethodDescriptor<byte[], byte[]> method = MethodDescriptor.newBuilder(BYTES, BYTES)
                    .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                    .setFullMethodName(name)
                    .build();
            return ServerMethodDefinition.create(
                    method, ServerCalls.asyncBidiStreamingCall(responses -> opened(name, responses)));
        }
    }

    private synchronized StreamObserver<byte[]> opened(String method, StreamObserver<byte[]> responses) {
        opened++;
        Stream stream = method.contains("/Delta") ? new DeltaStream(responses) : new SotwStream(responses);
        streams.add(stream);
        return stream;
    }

    private abstract class Stream implements StreamObserver<byte[]> {
        final StreamObserver<byte[]> responses;
        final Map<String, Set<String>> wanted = new HashMap<>();

        Stream(StreamObserver<byte[]> responses) {
            this.responses = responses;
        }

        void send(byte[] message) {
            responses.onNext(message);
        }

        abstract void request(byte[] bytes) throws InvalidProtocolBufferException;

        abstract void changed(String type, String name);

        boolean wants(String type, String name) {
            Set<String> names = wanted.get(type);
            return names != null
                    && (names.contains(name) || names.contains("*") && !onlyByName.contains(type + "/" + name));
        }

        List<String> have(String type) {
            return table.getOrDefault(type, Map.of()).keySet().stream()
                    .filter(name -> wants(type, name))
                    .toList();
        }

        @Override
        public void onNext(byte[] bytes) {
            synchronized (ScriptedXds.this) {
                try {
                    request(bytes);
                } catch (InvalidProtocolBufferException e) {
                    throw new AssertionError(e);
                }
            }
        }

        @Override
        public void onError(Throwable t) {
            gone();
        }

        @Override
        public void onCompleted() {
            gone();
        }

        private void gone() {
            synchronized (ScriptedXds.this) {
                streams.remove(this);
            }
        }
    }

    private static String shortType(String url) {
        return url.substring(url.lastIndexOf('.') + 1);
    }

    private final class SotwStream extends Stream {
        SotwStream(StreamObserver<byte[]> responses) {
            super(responses);
        }

        @Override
        void request(byte[] bytes) throws InvalidProtocolBufferException {
            DiscoveryRequest r = DiscoveryRequest.parseFrom(bytes);
            String type = shortType(r.getTypeUrl());
            Set<String> names = new TreeSet<>(r.getResourceNamesList());
            if (names.isEmpty()) {
                names.add("*");
            }
            Set<String> before = wanted.put(type, names);
            if (r.hasErrorDetail()) {
                asked.add(type + " refused: " + r.getErrorDetail().getMessage());
            } else if (!names.equals(before)) {
                asked.add(type + " " + String.join(" ", names));
                answer(type);
            }
        }

        @Override
        void changed(String type, String name) {
            if (wants(type, name)) {
                answer(type);
            }
        }

        private void answer(String type) {
            List<String> have = have(type);
            if (quiet || have.isEmpty() && !wanted.get(type).contains("*")) {
                return;
            }
            Map<String, Message> all = table.getOrDefault(type, Map.of());
            String n = Integer.toString(++nonces);
            send(response(type, "v" + n, n, have.stream().map(all::get).toList())
                    .toByteArray());
        }
    }

    private final class DeltaStream extends Stream {
        DeltaStream(StreamObserver<byte[]> responses) {
            super(responses);
        }

        @Override
        void request(byte[] bytes) throws InvalidProtocolBufferException {
            DeltaDiscoveryRequest r = DeltaDiscoveryRequest.parseFrom(bytes);
            String type = shortType(r.getTypeUrl());
            boolean first = !wanted.containsKey(type);
            Set<String> names = wanted.computeIfAbsent(type, t -> new HashSet<>());
            List<String> more = new ArrayList<>(r.getResourceNamesSubscribeList());
            if (first && more.isEmpty()) {
                more.add("*");
            }
            names.addAll(more);
            r.getResourceNamesUnsubscribeList().forEach(names::remove);
            if (r.hasErrorDetail()) {
                asked.add(type + " refused: " + r.getErrorDetail().getMessage());
            }
            if (!more.isEmpty() || r.getResourceNamesUnsubscribeCount() > 0) {
                StringBuilder line = new StringBuilder(type);
                new TreeSet<>(more).forEach(n -> line.append(" +").append(n));
                new TreeSet<>(r.getResourceNamesUnsubscribeList())
                        .forEach(n -> line.append(" -").append(n));
                new TreeSet<>(r.getInitialResourceVersionsMap().keySet())
                        .forEach(n -> line.append(" has ").append(n));
                asked.add(line.toString());
            }
            if (!more.isEmpty()) {
                List<String> of = new ArrayList<>(more);
                if (of.remove("*")) {
                    of.addAll(have(type));
                }
                answer(type, new TreeSet<>(of), first);
            }
        }

        @Override
        void changed(String type, String name) {
            if (wants(type, name)) {
                Absent before = absent;
                absent = Absent.REMOVED;
                answer(type, Set.of(name), false);
                absent = before;
            }
        }

        private void answer(String type, Collection<String> names, boolean even) {
            if (quiet) {
                return;
            }
            Map<String, Message> all = table.getOrDefault(type, Map.of());
            String n = Integer.toString(++nonces);
            DeltaDiscoveryResponse.Builder b = DeltaDiscoveryResponse.newBuilder()
                    .setTypeUrl(typeUrl(type))
                    .setSystemVersionInfo("v" + n)
                    .setNonce(n);
            for (String name : names) {
                Message m = all.get(name);
                if (m == null && absent == Absent.REMOVED) {
                    b.addRemovedResources(name);
                } else if (m != null || absent == Absent.EMPTY) {
                    Resource.Builder r = Resource.newBuilder().setName(name).setVersion("v" + n);
                    if (type.equals("VirtualHost")) {
                        r.addAliases(name);
                    }
                    if (m != null) {
                        r.setResource(Any.pack(m));
                    }
                    b.addResources(r);
                }
            }
            if (even || b.getResourcesCount() + b.getRemovedResourcesCount() > 0) {
                send(b.build().toByteArray());
            }
        }
    }

    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };
}
