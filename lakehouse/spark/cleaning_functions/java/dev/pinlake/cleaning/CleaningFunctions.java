package dev.pinlake.cleaning;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.spark.sql.catalyst.analysis.NoSuchFunctionException;
import org.apache.spark.sql.connector.catalog.FunctionCatalog;
import org.apache.spark.sql.connector.catalog.Identifier;
import org.apache.spark.sql.connector.catalog.functions.UnboundFunction;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The catalog of the cleaning functions. It has no tables, no namespaces and no options. */
public final class CleaningFunctions implements FunctionCatalog {
    private static final Map<String, CleaningFunction<?>> FUNCTIONS = List.of(
                    new Tidy(),
                    new TidyAscii(),
                    new DropEllipsis(),
                    new DropPlaceholders(),
                    new ParseInteger(),
                    new ParseCount(),
                    new ParseFlag(),
                    new JoinSpelledOut(),
                    new SplitTags())
            .stream()
            .collect(Collectors.toMap(CleaningFunction::name, Function.identity()));

    private String name;

    @Override
    public void initialize(String name, CaseInsensitiveStringMap options) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Identifier[] listFunctions(String[] namespace) {
        return FUNCTIONS.keySet().stream()
                .sorted()
                .map(function -> Identifier.of(new String[0], function))
                .toArray(Identifier[]::new);
    }

    @Override
    public UnboundFunction loadFunction(Identifier identifier) throws NoSuchFunctionException {
        CleaningFunction<?> function = FUNCTIONS.get(identifier.name());
        if (function == null || identifier.namespace().length > 0) {
            throw new NoSuchFunctionException(identifier);
        }
        return function;
    }
}
