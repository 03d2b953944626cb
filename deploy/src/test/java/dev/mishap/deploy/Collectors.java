package dev.mishap.deploy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** What a proxy sends its telemetry to: gRPC services, an HTTP collector, statsd by UDP and TCP. Keeps all of it. */
final class Collectors implements AutoCloseable {
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

    /** Each stream's messages one after the other. */
    final List<byte[]> accessLogs = new CopyOnWriteArrayList<>();

    final List<byte[]> metrics = new CopyOnWriteArrayList<>();
    final List<byte[]> spansByGrpc = new CopyOnWriteArrayList<>();
    final List<byte[]> spansByHttp = new CopyOnWriteArrayList<>();
    /** Path, content type, and headers of the configuration of each request with spans. */
    final List<String> spanRequests = new CopyOnWriteArrayList<>();

    final Collection<String> udpLines = new ConcurrentLinkedQueue<>();
    final Collection<String> tcpLines = new ConcurrentLinkedQueue<>();

    private final Server grpc;
    private final HttpServer http;
    private final DatagramSocket udp;
    private final ServerSocket tcp;

    Collectors() throws IOException {
        grpc = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
                .addService(ServerServiceDefinition.builder("envoy.service.accesslog.v3.AccessLogService")
                        .addMethod(
                                method(
                                        "envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs",
                                        MethodType.CLIENT_STREAMING),
                                ServerCalls.asyncClientStreamingCall(answer -> keep(accessLogs, answer)))
                        .build())
                .addService(ServerServiceDefinition.builder("envoy.service.metrics.v3.MetricsService")
                        .addMethod(
                                method(
                                        "envoy.service.metrics.v3.MetricsService/StreamMetrics",
                                        MethodType.CLIENT_STREAMING),
                                ServerCalls.asyncClientStreamingCall(answer -> keep(metrics, answer)))
                        .build())
                .addService(ServerServiceDefinition.builder("opentelemetry.proto.collector.trace.v1.TraceService")
                        .addMethod(
                                method("opentelemetry.proto.collector.trace.v1.TraceService/Export", MethodType.UNARY),
                                ServerCalls.asyncUnaryCall((request, answer) -> {
                                    spansByGrpc.add(request);
                                    answer.onNext(new byte[0]);
                                    answer.onCompleted();
                                }))
                        .build())
                .build()
                .start();
        http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        http.createContext("/", this::spans);
        http.start();
        udp = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"));
        udp.setReceiveBufferSize(
                4 << 20); // a flush is hundreds of datagrams at once, and one that finds no room is lost
        tcp = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
        daemon(this::readDatagrams);
        daemon(this::readConnections);
    }

    int grpcPort() {
        return grpc.getPort();
    }

    int httpPort() {
        return http.getAddress().getPort();
    }

    int udpPort() {
        return udp.getLocalPort();
    }

    int tcpPort() {
        return tcp.getLocalPort();
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName(name)
                .setRequestMarshaller(BYTES)
                .setResponseMarshaller(BYTES)
                .build();
    }

    private static StreamObserver<byte[]> keep(List<byte[]> messages, StreamObserver<byte[]> answer) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {
                messages.add(value);
            }

            @Override
            public void onError(Throwable t) {
                // The proxy has ended.
            }

            @Override
            public void onCompleted() {
                answer.onNext(new byte[0]);
                answer.onCompleted();
            }
        };
    }

    private void spans(HttpExchange exchange) throws IOException {
        spansByHttp.add(exchange.getRequestBody().readAllBytes());
        spanRequests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                + exchange.getRequestHeaders().getFirst("content-type") + " "
                + exchange.getRequestHeaders().getFirst("x-key"));
        exchange.sendResponseHeaders(200, -1);
        exchange.close();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "collector");
        thread.setDaemon(true);
        thread.start();
    }

    private void readDatagrams() {
        byte[] buffer = new byte[65_536];
        try {
            while (true) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                udpLines.addAll(List.of(new String(buffer, 0, packet.getLength(), StandardCharsets.UTF_8).split("\n")));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void readConnections() {
        try {
            while (true) {
                Socket socket = tcp.accept();
                daemon(() -> {
                    try (socket) {
                        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                                .lines()
                                .forEach(tcpLines::add);
                    } catch (IOException | UncheckedIOException closed) {
                        // The proxy has ended.
                    }
                });
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    @Override
    public void close() throws IOException {
        grpc.shutdownNow();
        http.stop(0);
        udp.close();
        tcp.close();
    }
}
