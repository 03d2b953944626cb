package dev.mishap.proxy.cli;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.log.Logging;
import dev.mishap.proxy.server.BootstrapLoader;
import dev.mishap.proxy.server.Options;
import dev.mishap.proxy.server.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * {@code --mode validate} of many configurations in one process, for searches: one command line (flags parted by tabs) a line of standard
 * input, one line of JSON for each: {@code {"ok": …, "message": …}}. Anything thrown but a {@link ConfigException} is told as
 * {@code CRASH}.
 */
final class ManyConfigurations {
    private ManyConfigurations() {}

    public static void main(String[] arguments) throws IOException {
        Logging.configure("off", Map.of(), "%v", false, "");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String message = refusal(line.split("\t", -1));
            out.println(JsonWriter.compact(Map.of("ok", message.isEmpty(), "message", message)));
        }
        System.exit(0);
    }

    @SuppressWarnings("CatchAndPrintStackTrace")
    private static String refusal(String[] arguments) {
        try {
            Options options = CommandLine.parse(arguments).options();
            new Server(options, BootstrapLoader.load(options)).close();
            return "";
        } catch (ConfigException | CommandLine.UsageException e) {
            return String.valueOf(e.getMessage());
        } catch (RuntimeException | Error e) {
            e.printStackTrace();
            return "CRASH " + e;
        }
    }
}
