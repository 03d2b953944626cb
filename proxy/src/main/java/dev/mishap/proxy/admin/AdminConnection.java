package dev.mishap.proxy.admin;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.OwnAddress;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.AccessLog;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the admin server: reads requests one by one, answers each when it is complete. Small on purpose: admin
 * traffic is a scrape now and then, so it may copy and allocate.
 */
final class AdminConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger("admin");
    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

    private static final long KEEP_ALIVE_SECONDS = 15;

    private final AdminRouter router;
    private final AdminStats stats;
    private final AccessLog accessLog;
    private final Executor offLoop;
    private final AdminRequestReader reader = new AdminRequestReader();
    private long openedNanos;
    private boolean closedByUs;
    /** A handler is at work elsewhere; what the client sent meanwhile waits. */
    private boolean busy;
    /** What the connection is for by now, and for nothing else. */
    private @Nullable AdminStream stream;

    private @Nullable Future<?> keepAlive;

    AdminConnection(AdminRouter router, AdminStats stats, AccessLog accessLog, Executor offLoop) {
        this.offLoop = offLoop;
        this.router = router;
        this.stats = stats;
        this.accessLog = accessLog;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        openedNanos = System.nanoTime();
        stats.opened();
        ctx.fireChannelActive();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        AdminStream running = stream;
        if (running != null) {
            running.close();
        }
        Future<?> timer = keepAlive;
        if (timer != null) {
            timer.cancel(false);
        }
        stats.closed(closedByUs, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - openedNanos));
        ctx.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            stats.http.cxRxBytesTotal.add(in.readableBytes());
            if (closedByUs || stream != null) {
                return;
            }
            reader.append(ByteBufUtil.getBytes(in));
        } finally {
            in.release();
        }
        proceed(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        proceed(ctx);
        ctx.fireChannelWritabilityChanged();
    }

    /** Answers what has arrived, one by one, as long as the client takes the answers. */
    private void proceed(ChannelHandlerContext ctx) {
        try {
            AdminRequestReader.Parsed request;
            while (mayAnswer(ctx) && (request = reader.next()) != null) {
                answer(ctx, request);
            }
            ctx.channel().config().setAutoRead(closedByUs || stream != null || mayAnswer(ctx));
            if (busy || closedByUs) {
                return;
            }
            if (reader.expectsContinue()) {
                ctx.writeAndFlush(ctx.alloc()
                        .buffer()
                        .writeBytes("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            }
        } catch (AdminRequestReader.BadRequest e) {
            stats.http.cxProtocolError.inc();
            write(ctx, AdminResponse.text(e.status(), e.getMessage() + "\n"), false, true, true);
        }
    }

    private boolean mayAnswer(ChannelHandlerContext ctx) {
        return !busy && !closedByUs && ctx.channel().isWritable();
    }

    private void answer(ChannelHandlerContext ctx, AdminRequestReader.Parsed parsed) {
        long start = System.nanoTime();
        stats.http.rqTotal.inc();
        stats.http.rqHttp1Total.inc();
        stats.http.rqActive.inc();
        QueryString query = new QueryString(parsed.query());
        AdminRequest request = new AdminRequest(
                parsed.method(),
                QueryString.decode(mergeSlashes(parsed.path())),
                query.parameters,
                query.repeated,
                parsed.headers(),
                parsed.body(),
                ctx.channel().remoteAddress());
        if (!router.isOffLoop(request)) {
            complete(ctx, parsed, router.handle(request), start);
            return;
        }
        busy = true;
        try {
            offLoop.execute(() -> {
                AdminResponse response = router.handle(request);
                back(ctx, () -> {
                    busy = false;
                    complete(ctx, parsed, response, start);
                    proceed(ctx);
                });
            });
        } catch (RejectedExecutionException e) {
            ctx.close();
        }
    }

    /** Runs on the connection's loop; when that has ended, so has the connection. */
    private static void back(ChannelHandlerContext ctx, Runnable task) {
        try {
            ctx.executor().execute(task);
        } catch (RejectedExecutionException e) {
            LOG.debug("an answer came after the end of the admin server", e);
        }
    }

    private void complete(
            ChannelHandlerContext ctx, AdminRequestReader.Parsed parsed, AdminResponse response, long start) {
        stats.http.rqActive.dec();
        stats.http.completed(response.status());
        long end = System.nanoTime();
        stats.http.rqTime.record(TimeUnit.NANOSECONDS.toMillis(end - start));
        AdminStream body = response.stream();
        if (body != null && !parsed.method().equals("HEAD")) {
            stream(ctx, response, body, parsed.http10());
            if (accessLog != AccessLog.NONE) {
                log(ctx, parsed, response, start, end);
            }
            return;
        }
        boolean close = !parsed.keepAlive();
        write(ctx, response, parsed.method().equals("HEAD"), close, parsed.http10());
        if (accessLog != AccessLog.NONE) {
            log(ctx, parsed, response, start, end);
        }
    }

    /** Answers bit by bit. The client may send what it likes meanwhile, nobody reads it. */
    private void stream(ChannelHandlerContext ctx, AdminResponse response, AdminStream body, boolean lengthByClose) {
        stream = body;
        busy = true;
        ByteBuf head = ctx.alloc().buffer();
        head.writeCharSequence(head(response, lengthByClose, lengthByClose), StandardCharsets.ISO_8859_1);
        stats.http.cxTxBytesTotal.add(head.readableBytes());
        ctx.writeAndFlush(head);
        if (!body.start(text -> back(ctx, () -> chunk(ctx, text, lengthByClose)))) {
            ctx.close();
            return;
        }
        keepAlive = ctx.executor()
                .scheduleAtFixedRate(
                        () -> chunk(ctx, body.keepAlive(), lengthByClose),
                        KEEP_ALIVE_SECONDS,
                        KEEP_ALIVE_SECONDS,
                        TimeUnit.SECONDS);
    }

    private void chunk(ChannelHandlerContext ctx, String text, boolean lengthByClose) {
        if (!ctx.channel().isActive()) {
            return;
        }
        if (!ctx.channel().isWritable()) {
            ctx.close();
            return;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuf out = ctx.alloc().buffer(bytes.length + 16);
        if (lengthByClose) {
            out.writeBytes(bytes);
        } else {
            out.writeCharSequence(Integer.toHexString(bytes.length) + "\r\n", StandardCharsets.US_ASCII);
            out.writeBytes(bytes);
            out.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
        }
        stats.http.cxTxBytesTotal.add(out.readableBytes());
        ctx.writeAndFlush(out);
    }

    private void write(
            ChannelHandlerContext ctx, AdminResponse response, boolean head, boolean close, boolean lengthByClose) {
        String out = head(response, close, lengthByClose);
        ByteBuf buffer = ctx.alloc().buffer(out.length() + response.body().length + 32);
        buffer.writeCharSequence(out, StandardCharsets.ISO_8859_1);
        if (!head) {
            if (lengthByClose) {
                buffer.writeBytes(response.body());
            } else {
                if (response.body().length > 0) {
                    buffer.writeCharSequence(
                            Integer.toHexString(response.body().length) + "\r\n", StandardCharsets.US_ASCII);
                    buffer.writeBytes(response.body());
                    buffer.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
                }
                buffer.writeCharSequence("0\r\n\r\n", StandardCharsets.US_ASCII);
            }
        }
        stats.http.cxTxBytesTotal.add(buffer.readableBytes());
        if (close) {
            closedByUs = true;
            ctx.writeAndFlush(buffer).addListener(ChannelFutureListener.CLOSE);
        } else {
            ctx.writeAndFlush(buffer);
        }
    }

    private static String head(AdminResponse response, boolean close, boolean lengthByClose) {
        StringBuilder out = new StringBuilder(256);
        out.append("HTTP/1.1 ")
                .append(response.status())
                .append(' ')
                .append(Reasons.of(response.status()))
                .append("\r\n");
        out.append("content-type: ").append(response.contentType()).append("\r\n");
        out.append("cache-control: no-cache, max-age=0\r\nx-content-type-options: nosniff\r\n");
        for (Map.Entry<String, String> e : response.headers().entrySet()) {
            out.append(e.getKey()).append(": ").append(e.getValue()).append("\r\n");
        }
        out.append("date: ")
                .append(HTTP_DATE.format(ZonedDateTime.now(ZoneOffset.UTC)))
                .append("\r\n");
        out.append("server: envoy\r\n");
        if (close) {
            out.append("connection: close\r\n");
        }
        if (!lengthByClose) {
            out.append("transfer-encoding: chunked\r\n");
        }
        out.append("\r\n");
        return out.toString();
    }

    private void log(
            ChannelHandlerContext ctx,
            AdminRequestReader.Parsed request,
            AdminResponse response,
            long start,
            long end) {
        StreamInfo info = new StreamInfo();
        Instant now = Instant.now();
        info.startTimeEpochNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano() - (end - start);
        info.startNanos = start;
        info.requestEndNanos = start;
        info.endNanos = end;
        info.protocol = request.http10() ? "HTTP/1.0" : "HTTP/1.1";
        info.responseCode = response.status();
        info.responseCodeDetails = "admin_filter_response";
        info.bytesReceived = request.body().length;
        info.bytesSent = response.body().length;
        info.downstreamRemoteAddress = inet(ctx.channel().remoteAddress());
        info.downstreamDirectRemoteAddress = info.downstreamRemoteAddress;
        info.downstreamLocalAddress = inet(ctx.channel().localAddress());
        HeaderMap headers = new HeaderMap();
        headers.add(HeaderName.METHOD, request.method());
        headers.add(
                HeaderName.PATH, request.query().isEmpty() ? request.path() : request.path() + "?" + request.query());
        String host = request.headers().get("host");
        if (host != null) {
            headers.add(HeaderName.AUTHORITY, host);
        }
        request.headers().forEach((name, value) -> {
            if (!name.equals("host")) {
                headers.add(HeaderName.unshared(name), value);
            }
        });
        // As the connection manager does that Envoy's admin server has.
        InetSocketAddress peer = info.downstreamRemoteAddress;
        if (peer != null) {
            String own = peer.getAddress().isLoopbackAddress() ? OwnAddress.ipv4() : null;
            String address = own == null ? NetUtil.toAddressString(peer.getAddress()) : own;
            String before = headers.get(HeaderName.X_FORWARDED_FOR);
            headers.set(HeaderName.X_FORWARDED_FOR, before == null ? address : before + "," + address);
        }
        accessLog.log(info, headers, null, null);
    }

    private static String mergeSlashes(String path) {
        String merged = path;
        while (merged.contains("//")) {
            merged = merged.replace("//", "/");
        }
        return merged;
    }

    private static @Nullable InetSocketAddress inet(@Nullable Object address) {
        return address instanceof InetSocketAddress inet ? inet : null;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("admin connection broke", cause);
        ctx.close();
    }
}
