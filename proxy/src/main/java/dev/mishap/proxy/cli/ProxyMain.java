package dev.mishap.proxy.cli;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.listener.Listener;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.server.Bootstrap;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import dev.mishap.proxy.server.Version;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code mishap proxy}: Envoy's command line. Exit codes are Envoy's too: 0 after an orderly end, 1 for anything wrong. */
public final class ProxyMain {
    private static final String PROGRAM = "mishap proxy";

    private final PrintStream out;
    private final PrintStream err;

    ProxyMain(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    public static void main(String[] arguments) {
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        int code = new ProxyMain(out, err).run(arguments);
        out.flush();
        err.flush();
        System.exit(code);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    int run(String... arguments) {
        Options options;
        try {
            CommandLine line = CommandLine.parse(arguments);
            if (line.has("help")) {
                out.print(Usage.full(PROGRAM));
                return 0;
            }
            if (line.has("version")) {
                out.print("\n" + PROGRAM + "  version: " + Version.line() + "\n\n");
                return 0;
            }
            if (line.has("hot-restart-version")) {
                out.print("disabled");
                return 0;
            }
            options = line.options();
            if (!line.baseIdPath().isEmpty()) {
                Files.writeString(Path.of(line.baseIdPath()), Long.toString(options.baseId()));
            }
        } catch (CommandLine.UsageException e) {
            return usageError(e);
        } catch (IOException e) {
            err.println("error: cannot write --base-id-path: " + e.getMessage());
            return 1;
        }
        Options.LogOptions log = options.log();
        try {
            Logging.configure(log.level(), log.componentLevels(), log.format(), log.escape(), log.path());
        } catch (IOException | InvalidPathException e) {
            err.println("error: cannot open --log-path '" + log.path() + "': " + e.getMessage());
            return 1;
        }
        return options.validateOnly() ? validate(options) : serve(options);
    }

    private int usageError(CommandLine.UsageException e) {
        if (e.argument().isEmpty()) {
            err.println("error: " + e.getMessage());
            return 1;
        }
        err.print("PARSE ERROR: Argument: " + e.argument() + "\n             " + e.getMessage() + "\n\nBrief USAGE: \n"
                + Usage.brief(PROGRAM) + "\nFor complete USAGE and HELP type: \n   " + PROGRAM + " --help\n\n"
                + e.argument() + " -- " + e.getMessage() + "\n");
        return 1;
    }

    private int validate(Options options) {
        try {
            new Server(options, load(options)).close();
        } catch (ConfigException e) {
            Logging.critical(
                    "main", "error initializing configuration '" + options.configPath() + "': " + e.getMessage());
            return 1;
        }
        out.println("configuration '" + options.configPath() + "' OK");
        return 0;
    }

    private static Bootstrap load(Options options) {
        Bootstrap bootstrap = BootstrapLoader.load(options);
        if (!bootstrap.warnings().isEmpty()) {
            Logger config = LoggerFactory.getLogger("config");
            bootstrap.warnings().forEach(config::warn);
        }
        return bootstrap;
    }

    private int serve(Options options) {
        Server server;
        try {
            server = new Server(options, load(options));
        } catch (ConfigException e) {
            return failed("error `" + e.getMessage() + "` initializing config '" + options.configPath() + "'", e);
        }
        try {
            server.start();
            return server.awaitEnd();
        } catch (Listener.BindException | ConfigException e) {
            return failed("error initializing config '" + options.configPath() + "': " + e.getMessage(), e);
        } finally {
            server.close();
        }
    }

    // The text goes out twice, as Envoy's does: to the log, which may be a file, and to whoever watches the terminal.
    private int failed(String logged, RuntimeException e) {
        Logging.critical("main", logged);
        err.println(e.getMessage());
        return 1;
    }
}
