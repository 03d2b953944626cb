package dev.mishap.control.xds;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import java.io.InputStream;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The discovery services as gRPC knows them: admits streams, within the limits, and ends them. */
final class XdsService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(XdsService.class);

    private final StreamContext context;
    private final Workers workers;
    private final Set<XdsStream> open = ConcurrentHashMap.newKeySet();
    private final StreamCounts counts;
    private final AtomicLong ids = new AtomicLong();

    XdsService(ViewProvider views, Fleet fleet, Limits limits, StreamCounts counts, int threads, Clock clock) {
        this.counts = counts;
        workers = new Workers(threads);
        context = new StreamContext(views, fleet, new NodeReader(), limits, workers, clock, LOG, this::closed);
    }

    List<ServerServiceDefinition> definitions() {
        Map<String, ServerServiceDefinition.Builder> services = new LinkedHashMap<>();
        Map<String, ServiceDescriptor.Builder> descriptors = new LinkedHashMap<>();
        for (XdsMethods.Method method : XdsMethods.ALL) {
            descriptors
                    .computeIfAbsent(service(method), ServiceDescriptor::newBuilder)
                    .addMethod(method.descriptor());
        }
        descriptors.forEach(
                (name, descriptor) -> services.put(name, ServerServiceDefinition.builder(descriptor.build())));
        for (XdsMethods.Method method : XdsMethods.ALL) {
            Objects.requireNonNull(services.get(service(method)))
                    .addMethod(method.descriptor(), (call, headers) -> start(method, call));
        }
        return services.values().stream()
                .map(ServerServiceDefinition.Builder::build)
                .toList();
    }

    private static String service(XdsMethods.Method method) {
        return java.util.Objects.requireNonNull(method.descriptor().getServiceName());
    }

    private ServerCall.Listener<InputStream> start(
            XdsMethods.Method method, ServerCall<InputStream, WireResponse> call) {
        Peer peer = peer(call);
        String full = counts.enter(peer);
        if (full != null) {
            return refuse(call, full);
        }
        XdsStream stream = new XdsStream(context, call, method, peer, ids.incrementAndGet());
        open.add(stream);
        workers.after(context.limits().nodeDeadline(), stream::expectNode);
        call.sendHeaders(new Metadata());
        call.request(1);
        return stream;
    }

    private static ServerCall.Listener<InputStream> refuse(ServerCall<?, ?> call, String why) {
        call.close(Status.RESOURCE_EXHAUSTED.withDescription(why), new Metadata());
        return new ServerCall.Listener<>() {};
    }

    private void closed(XdsStream stream) {
        if (open.remove(stream)) {
            counts.leave(stream.peer());
        }
    }

    static Peer peer(ServerCall<?, ?> call) {
        SocketAddress address = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
        SSLSession tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        List<Certificate> certificates = List.of();
        if (tls != null) {
            try {
                certificates = List.of(tls.getPeerCertificates());
            } catch (SSLPeerUnverifiedException e) {
                certificates = List.of();
            }
        }
        return new Peer(address, certificates);
    }

    int streams() {
        return open.size();
    }

    /** On a thread of the protocol. */
    void after(Duration delay, Runnable task) {
        workers.after(delay, task);
    }

    NodeReader nodes() {
        return context.nodes();
    }

    /** Ends all streams; clients come back, to another server or to the next one here. */
    void disconnectAll(String reason) {
        open.forEach(stream -> stream.disconnect(reason));
    }

    @Override
    public void close() {
        workers.close();
    }
}
