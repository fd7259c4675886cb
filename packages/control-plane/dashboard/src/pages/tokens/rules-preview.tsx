import './tokens.css'
import type { Rules, Tool } from '../../api/shapes.ts'
import { Notice } from '../../parts/notice.tsx'
import { compileRules, ruledTool } from './tool-rules.ts'

interface Props {
  /** Those of the workspace; undefined while they are not known. */
  tools: readonly Tool[] | undefined
  rules: Rules
}

/** What rules come to: a pattern with a typing error shows at once. */
export function RulesPreview({ tools, rules }: Props) {
  if (tools === undefined || tools.length === 0) return null
  const allows = compileRules(rules)
  const matching = tools.filter((tool) => allows(ruledTool(tool)))
  const none = matching.length === 0
  return (
    <Notice
      tone={none ? 'warn' : 'info'}
      title={`${matching.length} of ${tools.length} tools of this workspace`}
    >
      {none ? (
        'With these rules the token can use nothing that is here today.'
      ) : (
        <details className="disclosure">
          <summary>Which</summary>
          <ul className="plain stack close tool-names">
            {matching.map(({ name, server, tool }) => (
              <li key={name}>
                <code className="wrap">
                  {server}/{tool}
                </code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Notice>
  )
}
