import { createRequire } from 'node:module'

/** What a query gives, and what Microsoft's own parser has against it. */
export interface ParsedQuery {
  readonly columns: readonly string[]
  readonly problems: readonly string[]
}

interface List<T> {
  readonly Count: number
  getItem(index: number): T
}

interface Kusto {
  readonly Language: {
    readonly Symbols: {
      readonly TableSymbol: { From(schema: string): { WithName(name: string): unknown } }
      readonly DatabaseSymbol: { readonly $ctor1: new (name: string, members: unknown[]) => unknown }
    }
    readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } }
    readonly KustoCode: {
      ParseAndAnalyze(
        text: string,
        globals: unknown,
      ): {
        GetDiagnostics(): List<{ readonly Message: string; readonly Severity: string }>
        /** Null when the text cannot be understood. */
        readonly ResultType: { readonly Columns?: List<{ readonly Name: string }> } | null
      }
    }
  }
}

/** @param tables the schema of each, as `(name:type, …)`: a column that is not in it is a problem. */
export function createQueryParser(tables: Readonly<Record<string, string>>): (text: string) => ParsedQuery {
  const { Symbols, GlobalState, KustoCode } = loadKusto().Language
  const symbols = Object.entries(tables).map(([name, schema]) =>
    Symbols.TableSymbol.From(schema).WithName(name),
  )
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1('logs', symbols))
  return (text) => {
    const code = KustoCode.ParseAndAnalyze(text, globals)
    const columns = code.ResultType?.Columns
    return {
      columns: columns ? itemsOf(columns).map(({ Name }) => Name) : [],
      problems: itemsOf(code.GetDiagnostics()).map(({ Message }) => Message),
    }
  }
}

function itemsOf<T>(list: List<T>): readonly T[] {
  return Array.from({ length: list.Count }, (_, i) => list.getItem(i))
}

/** Both are scripts that leave what they make in the global object. */
function loadKusto(): Kusto {
  const require = createRequire(import.meta.url)
  const scripts = [
    require.resolve('@kusto/language-service-next/bridge.min.js'),
    require.resolve('@kusto/language-service-next/Kusto.Language.Bridge.min.js'),
  ]
  for (const script of scripts) require(script)
  return (globalThis as unknown as { readonly Kusto: Kusto }).Kusto
}
