package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import dev.mishap.proxy.transport.ConnectionInfo;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Operators that read headers, and what is in the path. */
final class HeaderFields {
    private static final HeaderName ORIGINAL_PATH = HeaderName.of("x-envoy-original-path");

    private HeaderFields() {}

    /** {@code NAME?ALTERNATIVE} with a length to cut to: the first of the two that is there. */
    static Field header(Command command, Function<LogContext, @Nullable HeaderMap> where) {
        String parameters = command.parameters();
        if (parameters.isEmpty()) {
            throw new ConfigException(command.name() + " requires parameters");
        }
        String[] names = parameters.split("\\?", -1);
        if (names.length > 2) {
            throw new ConfigException("More than 1 alternative header specified in token: " + parameters);
        }
        for (String name : names) {
            checkName(name);
        }
        HeaderName main = HeaderName.of(names[0]);
        HeaderName alternative = names.length == 2 && !names[1].isEmpty() ? HeaderName.of(names[1]) : null;
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                HeaderMap headers = where.apply(context);
                if (headers == null) {
                    return false;
                }
                int i = headers.indexOf(main);
                if (i < 0 && alternative != null) {
                    i = headers.indexOf(alternative);
                }
                if (i < 0) {
                    return false;
                }
                out.header(headers, i);
                return true;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    /** The value of a header up to its question mark. */
    static Field withoutQuery(Command command) {
        Field whole = header(new Command(command.name(), command.parameters(), -1), LogContext::request);
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                int start = out.size();
                if (!whole.append(context, out)) {
                    return false;
                }
                for (int i = start; i < out.size(); i++) {
                    if (out.array()[i] == '?') {
                        out.truncate(i);
                    }
                }
                return true;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    private static void checkName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '\r' || c == '\n' || c == 0) {
                throw new ConfigException("Invalid header configuration. Format string contains newline.");
            }
            boolean token = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
            if (!token && !(c == ':' && i == 0 && name.length() > 1)) {
                throw new ConfigException("Invalid header configuration. Format string contains invalid characters.");
            }
        }
    }

    static Field byteSize(Function<LogContext, @Nullable HeaderMap> where) {
        return new Field.NumberField() {
            @Override
            long value(LogContext context) {
                HeaderMap headers = where.apply(context);
                return headers == null ? 0 : headers.byteSize();
            }
        };
    }

    /** The request's id as the request id header has it, if that is a UUID. */
    static Field streamId() {
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                int i = context.request().indexOf(HeaderName.X_REQUEST_ID);
                if (i < 0 || context.request().valueSize(i) != 36) {
                    ConnectionInfo connection = context.info().connection;
                    if (connection == null || context.info().streamId != 0) {
                        return false;
                    }
                    out.latin1(connection.streamId()); // what is logged is a connection
                    return true;
                }
                out.header(context.request(), i);
                return true;
            }
        };
    }

    /** {@code PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)}: with or without the query; the path before or after rewrites. */
    static Field path(Command command) {
        String[] options = command.parameters().split(":", -1);
        boolean query = switch (options[0]) {
            case "", "WQ" -> true;
            case "NQ" -> false;
            default ->
                throw new ConfigException("Invalid PATH option: '" + options[0] + "', only 'WQ'/'NQ' are allowed");
        };
        String which = options.length > 1 ? options[1] : "ORIG_OR_PATH";
        if (options.length > 2 || !(which.equals("ORIG") || which.equals("PATH") || which.equals("ORIG_OR_PATH"))) {
            throw new ConfigException(
                    "Invalid PATH option: '" + which + "', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed");
        }
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                String path = which.equals("PATH") ? null : context.request().get(ORIGINAL_PATH);
                if (path == null && !which.equals("ORIG")) {
                    path = context.request().get(HeaderName.PATH);
                }
                if (path == null) {
                    return false;
                }
                int mark = path.indexOf('?');
                out.latin1(query || mark < 0 ? path : path.substring(0, mark));
                return true;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    /** The value of the first query parameter of that name; the percent escapes of both are resolved. */
    static Field queryParam(Command command) {
        String name = command.parameters();
        if (name.isEmpty()) {
            throw new ConfigException("QUERY_PARAM requires parameters");
        }
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                String path = context.request().get(HeaderName.PATH);
                int from = path == null ? -1 : path.indexOf('?');
                if (path == null || from < 0) {
                    return false;
                }
                int hash = path.indexOf('#', from);
                int end = hash < 0 ? path.length() : hash;
                from++;
                int equals = from - 1;
                while (from <= end) {
                    int amp = path.indexOf('&', from);
                    int to = amp < 0 || amp > end ? end : amp;
                    if (equals >= 0
                            && equals < from) { // else it is still the next one: the path is looked through once
                        equals = path.indexOf('=', from);
                    }
                    int nameEnd = equals < 0 || equals > to ? to : equals;
                    if (decode(path.substring(from, nameEnd)).equals(name)) {
                        out.latin1(decode(path.substring(Math.min(nameEnd + 1, to), to)));
                        return true;
                    }
                    from = to + 1;
                }
                return false;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    /** The whole query, as it stands or with its percent escapes resolved. */
    static Field queryParams(Command command) {
        boolean decoded = switch (command.parameters()) {
            case "", "ORIG" -> false;
            case "DECODED" -> true;
            default ->
                throw new ConfigException("Invalid QUERY_PARAMS option: '" + command.parameters()
                        + "', only 'ORIG'/'DECODED' are allowed");
        };
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                String path = context.request().get(HeaderName.PATH);
                int mark = path == null ? -1 : path.indexOf('?');
                if (path == null || mark < 0) {
                    return false;
                }
                String query = path.substring(mark + 1);
                out.latin1(decoded ? decode(query) : query);
                return true;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    private static String decode(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%' && i + 2 < text.length()) {
                int high = Character.digit(text.charAt(i + 1), 16);
                int low = Character.digit(text.charAt(i + 2), 16);
                if (high >= 0 && low >= 0) {
                    out.append((char) (high << 4 | low));
                    i += 2;
                    continue;
                }
            }
            out.append(c);
        }
        return out.toString();
    }

    /** The name that the client asked for: by TLS (SNI), or by its Host header where the options say so. */
    private static final HeaderName ORIGINAL_HOST = HeaderName.of("x-envoy-original-host");

    static Field requestedServerName(Command command) {
        String[] options = command.parameters().split(":", -1);
        String source = options[0].isEmpty() ? "SNI_ONLY" : options[0];
        if (!(source.equals("SNI_ONLY") || source.equals("SNI_FIRST") || source.equals("HOST_FIRST"))) {
            throw new ConfigException("Invalid REQUESTED_SERVER_NAME option: '" + options[0]
                    + "', only 'SNI_ONLY'/'SNI_FIRST'/'HOST_FIRST' are allowed");
        }
        boolean original = options.length > 1 && options[1].equals("ORIG");
        Field field = new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                String sni = context.info().requestedServerName;
                String host = source.equals("SNI_ONLY") ? null : host(context, original);
                String first = source.equals("HOST_FIRST") ? host : sni;
                String name = first != null && !first.isEmpty() ? first : sni != null && !sni.isEmpty() ? sni : host;
                if (name == null || name.isEmpty()) {
                    return false;
                }
                out.latin1(name);
                return true;
            }
        };
        return command.maxLength() < 0 ? field : field.cutTo(command.maxLength());
    }

    private static @Nullable String host(LogContext context, boolean original) {
        return context.request().get(original ? ORIGINAL_HOST : HeaderName.AUTHORITY);
    }
}
