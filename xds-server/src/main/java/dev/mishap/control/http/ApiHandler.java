package dev.mishap.control.http;

import dev.mishap.control.problem.ProblemException;
import dev.mishap.control.problem.ProblemKind;
import dev.mishap.control.security.Caller;
import dev.mishap.control.security.Credentials;
import dev.mishap.rules.yaml.DocumentText;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a request from its head to its answer: route, caller, forms, body, endpoint. A body is read without holding a thread, and
 * an endpoint sees it only when it is whole.
 */
final class ApiHandler extends Handler.Abstract {
    private static final Logger LOG = LoggerFactory.getLogger("mishap.api");
    private static final int MAX_QUEUED_EVENTS = 1 << 20;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final List<Route> routes;
    private final Admission admission;
    private final HttpOptions options;
    private final RequestCounts counts;

    ApiHandler(List<Route> routes, Admission admission, HttpOptions options, RequestCounts counts) {
        this.routes = List.copyOf(routes);
        this.admission = admission;
        this.options = options;
        this.counts = counts;
    }

    /** For who asks for something else: where it is told, or if that is nowhere, what it is. */
    private String whatThereIs() {
        return routes.stream().anyMatch(route -> route.template().equals("/openapi.json"))
                ? "/openapi.json lists what there is"
                : "there is "
                        + routes.stream()
                                .map(route -> route.method() + ' ' + route.template())
                                .distinct()
                                .collect(Collectors.joining(", "));
    }

    /** A request on its way. */
    private final class Call {
        private final Request request;
        private final Response response;
        private final Callback callback;
        private final String id = newId();
        private final long began = System.nanoTime();
        private final AtomicBoolean answered = new AtomicBoolean();
        private String operation = "none";
        /** Empty as long as nothing was asked of anybody. */
        private String address = "";

        private @Nullable Caller caller;
        private Map<String, String> headers = Map.of();

        private Call(Request request, Response response, Callback callback) {
            this.request = request;
            this.response = response;
            this.callback = callback;
        }

        private void fail(ProblemException problem) {
            if (!address.isEmpty()) {
                admission.failed(caller, address, operation, problem);
            }
            Answer answer = Answer.bytes(
                            "application/problem+json",
                            ByteBuffer.wrap(
                                    DocumentText.json(problem.document(id)).getBytes(StandardCharsets.UTF_8)))
                    .header("cache-control", "no-store");
            problem.headers().forEach(answer::header);
            if (problem.kind() == ProblemKind.TOO_MANY) {
                // Who has too much of the server does not keep a connection of it, too.
                answer.header("connection", "close");
            }
            send(answer, problem.kind().status(), MediaType.JSON);
        }

        private void fail(Throwable failure) {
            if (failure instanceof ProblemException problem) {
                fail(problem);
                return;
            }
            // Whatever the request held stays out of the log.
            LOG.error("request {} ({}) failed", id, operation, failure);
            fail(new ProblemException(ProblemKind.INTERNAL, "the server failed; its log tells of request " + id));
        }

        private void send(Answer answer, int status, MediaType type) {
            if (!answered.compareAndSet(false, true)) {
                return;
            }
            var out = response.getHeaders();
            response.setStatus(status);
            out.put("x-request-id", id);
            out.put("x-content-type-options", "nosniff");
            answer.headers().forEach(out::put);
            if (!out.contains(HttpHeader.CACHE_CONTROL)) {
                out.put(HttpHeader.CACHE_CONTROL, "no-store");
            }
            String origin = headers.get("origin");
            if (origin != null && options.origins().contains(origin)) {
                out.put("access-control-allow-origin", origin);
                out.put("access-control-expose-headers", "etag, location, retry-after, x-request-id");
                out.put("vary", "origin");
            }
            Callback done = Callback.from(
                    () -> {
                        counts.add(operation, status, System.nanoTime() - began);
                        callback.succeeded();
                    },
                    failure -> {
                        counts.add(operation, status, System.nanoTime() - began);
                        callback.failed(failure);
                    });
            if (answer.events() != null && status == 200) {
                out.put(HttpHeader.CONTENT_TYPE, "text/event-stream");
                EventStream stream = new EventStream(response, done, MAX_QUEUED_EVENTS);
                stream.comment("mishap");
                try {
                    answer.events().accept(stream);
                } catch (RuntimeException e) {
                    LOG.error("request {} ({}) failed", id, operation, e);
                    stream.end();
                }
                return;
            }
            ByteBuffer bytes = answer.bytes();
            if (answer.document() != null) {
                bytes = ByteBuffer.wrap((type == MediaType.YAML
                                ? DocumentText.yaml(answer.document())
                                : DocumentText.json(answer.document()))
                        .getBytes(StandardCharsets.UTF_8));
                out.put(HttpHeader.CONTENT_TYPE, type.text());
                out.add("vary", "accept");
            } else if (answer.bytesType() != null) {
                out.put(HttpHeader.CONTENT_TYPE, answer.bytesType());
            }
            if (bytes == null || status == 304 || status == 204) {
                response.write(true, null, done);
                return;
            }
            out.put(HttpHeader.CONTENT_LENGTH, bytes.remaining());
            response.write(true, request.getMethod().equals("HEAD") ? null : bytes, done);
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Call call = new Call(request, response, callback);
        try {
            start(call);
        } catch (Throwable e) {
            call.fail(e);
        }
        return true;
    }

    private void start(Call call) {
        Request request = call.request;
        Map<String, String> headers = headers(request);
        call.headers = headers;
        List<String> path = segments(request.getHttpURI().getPath());
        String method = request.getMethod();
        Route route = null;
        Map<String, String> values = Map.of();
        TreeSet<String> allowed = new TreeSet<>();
        for (Route each : routes) {
            Map<String, String> match = each.match(path);
            if (match != null) {
                allowed.add(each.method());
                if (each.method().equals(method) || each.method().equals("GET") && method.equals("HEAD")) {
                    route = each;
                    values = match;
                }
            }
        }
        if (allowed.isEmpty()) {
            throw new ProblemException(
                    ProblemKind.NOT_FOUND, "there is no " + request.getHttpURI().getPath() + " here; " + whatThereIs());
        }
        allowed.add("OPTIONS");
        if (allowed.contains("GET")) {
            allowed.add("HEAD");
        }
        if (method.equals("OPTIONS")) {
            options(call, headers, String.join(", ", allowed));
            return;
        }
        if (route == null) {
            throw new ProblemException(
                            ProblemKind.METHOD_NOT_ALLOWED,
                            method + " is not among the methods of this path: " + String.join(", ", allowed))
                    .with("allow", String.join(", ", allowed));
        }
        call.operation = route.operationId();
        Credentials credentials = credentials(request, headers);
        call.address = credentials.address();
        Caller caller = route.isOpen() ? admission.admitAnyone(credentials) : admission.admit(credentials);
        call.caller = caller;
        Query query = Query.parse(request.getHttpURI().getQuery(), route.queryNames());
        MediaType answerType = answerType(route, headers.get("accept"));
        MediaType bodyType = bodyType(route, request, headers);
        Route chosen = route;
        Map<String, String> pathValues = values;
        if (bodyType == null) {
            run(
                    call,
                    chosen,
                    new Exchange(
                            call.id,
                            method,
                            pathValues,
                            query,
                            headers,
                            new byte[0],
                            null,
                            answerType,
                            caller,
                            credentials));
        } else {
            readBody(call, body -> {
                if (chosen.bodyRequired() && body.length == 0) {
                    throw new ProblemException(ProblemKind.INVALID, "the body is empty");
                }
                run(
                        call,
                        chosen,
                        new Exchange(
                                call.id,
                                method,
                                pathValues,
                                query,
                                headers,
                                body,
                                bodyType,
                                answerType,
                                caller,
                                credentials));
            });
        }
    }

    private void options(Call call, Map<String, String> headers, String allowed) {
        call.operation = "options";
        Answer answer = Answer.status(204).header("allow", allowed);
        String origin = headers.get("origin");
        if (origin != null && options.origins().contains(origin)) {
            answer.header("access-control-allow-methods", allowed)
                    .header(
                            "access-control-allow-headers",
                            "authorization, content-type, if-match, if-none-match, idempotency-key, last-event-id")
                    .header("access-control-max-age", "600");
        }
        call.send(answer, 204, MediaType.JSON);
    }

    private void run(Call call, Route route, Exchange exchange) {
        try {
            Answer answer = route.endpoint().handle(exchange);
            String etag = answer.headers().get("etag");
            String known = exchange.header("if-none-match");
            boolean read = exchange.method().equals("GET") || exchange.method().equals("HEAD");
            boolean unchanged =
                    read && answer.status() == 200 && etag != null && known != null && Etags.weak(known, etag);
            call.send(answer, unchanged ? 304 : answer.status(), exchange.answerType());
        } catch (Throwable e) {
            call.fail(e);
        }
    }

    private interface WithBody {
        void run(byte[] body);
    }

    private void readBody(Call call, WithBody then) {
        Scheduler.Task late = call.request
                .getComponents()
                .getScheduler()
                .schedule(
                        () -> call.fail(new ProblemException(
                                        ProblemKind.TIMEOUT,
                                        "the body has not arrived within "
                                                + options.requestTime().toSeconds() + " s")
                                .with("connection", "close")),
                        options.requestTime().toMillis(),
                        TimeUnit.MILLISECONDS);
        Promise.Invocable<byte[]> promise = Promise.Invocable.from(
                // Not on the thread that reads from the network: an endpoint may wait for the store.
                Invocable.InvocationType.BLOCKING, (body, failure) -> {
                    late.cancel();
                    if (call.answered.get()) {
                        return;
                    }
                    try {
                        if (failure instanceof IllegalStateException) {
                            throw tooLarge();
                        } else if (failure != null) {
                            throw new ProblemException(ProblemKind.INVALID, "the body could not be read to its end")
                                    .with("connection", "close");
                        }
                        then.run(body);
                    } catch (Throwable e) {
                        call.fail(e);
                    }
                });
        Content.Source.asByteArrayAsync(call.request, options.maxBodyBytes(), promise);
    }

    private ProblemException tooLarge() {
        return new ProblemException(
                        ProblemKind.TOO_LARGE, "the body is larger than " + options.maxBodyBytes() + " bytes")
                .with("connection", "close");
    }

    private static MediaType answerType(Route route, @Nullable String accept) {
        List<MediaType> offered = new ArrayList<>(route.produces());
        if (route.streams()) {
            offered.add(MediaType.EVENTS);
        }
        MediaType type = MediaType.accepted(accept, offered);
        if (type == null) {
            throw new ProblemException(
                    ProblemKind.NOT_ACCEPTABLE,
                    "this is answered as "
                            + String.join(
                                    " or ",
                                    offered.stream().map(MediaType::text).toList())
                            + ", none of which the accept header takes");
        }
        return type;
    }

    /** Null when the request has no body. */
    private @Nullable MediaType bodyType(Route route, Request request, Map<String, String> headers) {
        long length = request.getLength();
        boolean has = length > 0 || length < 0 && headers.containsKey("transfer-encoding");
        if (!has) {
            if (route.bodyRequired()) {
                throw new ProblemException(ProblemKind.INVALID, "the request needs a body");
            }
            return null;
        }
        if (route.consumes().isEmpty()) {
            throw new ProblemException(ProblemKind.INVALID, "this operation takes no body");
        }
        if (length > options.maxBodyBytes()) {
            throw tooLarge();
        }
        String encoding = headers.get("content-encoding");
        String type = headers.get("content-type");
        MediaType known = type == null ? null : MediaType.ofContent(type);
        String readable =
                String.join(", ", route.consumes().stream().map(MediaType::text).toList());
        if (known == null || !route.consumes().contains(known) || encoding != null && !encoding.equals("identity")) {
            throw new ProblemException(
                            ProblemKind.UNSUPPORTED_MEDIA_TYPE,
                            encoding != null && !encoding.equals("identity")
                                    ? "content-encoding " + encoding + " is not read here"
                                    : "expected content-type " + readable + " in UTF-8, found "
                                            + (type == null ? "none" : "'" + type + "'"))
                    .with(request.getMethod().equals("PATCH") ? "accept-patch" : "accept", readable);
        }
        return known;
    }

    private static Credentials credentials(Request request, Map<String, String> headers) {
        var connection = request.getConnectionMetaData();
        String address =
                connection.getRemoteSocketAddress() instanceof InetSocketAddress inet && inet.getAddress() != null
                        ? inet.getAddress().getHostAddress()
                        : "local";
        boolean loopback = connection.getRemoteSocketAddress() instanceof InetSocketAddress inet
                && inet.getAddress() != null
                && inet.getAddress().isLoopbackAddress();
        EndPoint.SslSessionData tls = (EndPoint.SslSessionData) request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE);
        return new Credentials(
                address,
                loopback,
                headers.get("authorization"),
                headers.get("host"),
                headers.get("origin"),
                headers.containsKey("forwarded")
                        || headers.containsKey("x-forwarded-for")
                        || headers.containsKey("via"),
                tls == null || tls.peerCertificates() == null ? List.of() : List.of(tls.peerCertificates()));
    }

    private static Map<String, String> headers(Request request) {
        Map<String, String> headers = new HashMap<>();
        for (HttpField field : request.getHeaders()) {
            String value = field.getValue() == null ? "" : field.getValue();
            headers.merge(field.getName().toLowerCase(Locale.ROOT), value, (a, b) -> a + ", " + b);
        }
        return headers;
    }

    private static List<String> segments(String path) {
        List<String> segments = new ArrayList<>();
        for (String raw : path.substring(1).split("/", -1)) {
            // A plus is a plus in a path.
            segments.add(Query.decode(raw.replace("+", "%2B")));
        }
        return segments;
    }

    private static String newId() {
        byte[] bytes = new byte[8];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
