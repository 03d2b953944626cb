package dev.mishap.control.report;

import dev.mishap.control.Failures;
import dev.mishap.control.experiment.RunResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Writes a run's reports into a directory. */
public final class Reports {
    /** A kind of report, and the file that it makes. */
    public enum Format {
        json("report.json"),
        junit("junit.xml"),
        markdown("report.md"),
        html("report.html");

        private final String file;

        Format(String file) {
            this.file = file;
        }

        String write(RunResult result, ReportContext context) {
            return switch (this) {
                case json -> JsonReport.write(result, context);
                case junit -> JUnitReport.write(result, context);
                case markdown -> MarkdownReport.write(result, context);
                case html -> HtmlReport.write(result, context);
            };
        }
    }

    private Reports() {}

    /**
     * Makes the directory and checks that files can be made in it: before a run, so that none is made for nothing.
     *
     * @throws IOException that says so
     */
    public static void prepare(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
            Files.delete(Files.createTempFile(directory, ".report", ".draft"));
        } catch (IOException e) {
            throw new IOException("no reports can be written into " + directory + ": " + Failures.text(e), e);
        }
    }

    /** Writes the reports; each file is replaced as a whole. Returns their paths. */
    public static List<Path> write(RunResult result, ReportContext context, Path directory, Set<Format> formats)
            throws IOException {
        List<Path> written = new ArrayList<>();
        for (Format format : formats) {
            Path file = directory.resolve(format.file);
            Path draft = directory.resolve("." + format.file + ".draft");
            try {
                Files.createDirectories(directory);
                Files.writeString(draft, format.write(result, context), StandardCharsets.UTF_8);
                Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new IOException("the report " + file + " cannot be written: " + Failures.text(e), e);
            }
            written.add(file);
        }
        return written;
    }
}
