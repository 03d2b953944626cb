package dev.mishap.proxy.http.h1;

import dev.mishap.proxy.http.HeaderMap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Feeds a parser bytes in pieces and writes down what it tells, with adjacent data joined. */
final class Recorder implements H1Parser.Sink {
    private final StringBuilder heads = new StringBuilder();
    private final StringBuilder body = new StringBuilder();

    @Override
    public void onInformational(HeaderMap headers) {
        heads.append("1xx").append(headers);
    }

    @Override
    public void onHeaders(HeaderMap headers, boolean endStream) {
        heads.append(headers).append(endStream ? " end" : "");
    }

    @Override
    public void onData(ByteBuf transferred, boolean endStream) {
        body.append(transferred.toString(StandardCharsets.ISO_8859_1));
        transferred.release();
        if (endStream) {
            body.append("|end");
        }
    }

    @Override
    public void onTrailers(HeaderMap trailers) {
        body.append("|trailers").append(trailers);
    }

    static String requests(byte[] bytes, H1Limits limits, Random splits) {
        Recorder all = new Recorder();
        H1RequestParser parser = new H1RequestParser(limits, all);
        return all.run(parser, () -> parser.begin(new HeaderMap()), bytes, splits, false);
    }

    static String response(byte[] bytes, boolean head, Random splits, boolean eof) {
        Recorder all = new Recorder();
        H1ResponseParser parser = new H1ResponseParser(new H1Limits(61440, 100, H1Limits.Underscores.ALLOW, true), all);
        return all.run(parser, () -> parser.begin(new HeaderMap(), head, false), bytes, splits, eof);
    }

    private String run(H1Parser parser, Runnable begin, byte[] bytes, Random splits, boolean eof) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        begin.run();
        ByteBuf in = Unpooled.buffer();
        try {
            while (true) {
                H1Parser.Outcome outcome = parser.parse(in);
                if (outcome == H1Parser.Outcome.COMPLETE) {
                    flush(out).append(parser.keepAlive() ? " keep-alive\n" : " close\n");
                    begin.run();
                } else if (outcome == H1Parser.Outcome.FAILED) {
                    return flush(out).append("error ").append(parser.error()).toString();
                } else if (at == bytes.length) {
                    if (eof) {
                        out.append(parser.endOfInput() ? "eof " : "cut ");
                    }
                    return flush(out).append(parser.midMessage() ? "more" : "").toString();
                } else {
                    int n = splits == null ? bytes.length : Math.min(bytes.length - at, 1 + splits.nextInt(7));
                    in.discardReadBytes().writeBytes(bytes, at, n);
                    at += n;
                }
            }
        } finally {
            in.release();
        }
    }

    private StringBuilder flush(StringBuilder out) {
        out.append(heads);
        if (body.length() > 0) {
            out.append(" body=").append(body);
        }
        heads.setLength(0);
        body.setLength(0);
        return out;
    }
}
