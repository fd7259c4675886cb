const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What the pages of a dashboard ask of a month that ends now. */
export function monthQueries(
  workspace: string,
  now: number,
  requestId: string,
): [title: string, path: string][] {
  const stats = (span: number, query: string, before = 0) => {
    const to = now - before
    return `${workspace}/stats?from=${to - span}&to=${to}&${query}`
  }
  const audit = (query: string) => `${workspace}/audit?limit=100&${query}`
  const [week, month] = [7 * DAY_MS, 30 * DAY_MS]
  const past = `from=${now - 12 * DAY_MS - HOUR_MS}&to=${now - 12 * DAY_MS}`
  return [
    ['overview: last hour by server', stats(HOUR_MS, 'by=server')],
    ['overview: last hour by minute', stats(HOUR_MS, 'bucket=minute')],
    ['overview: last day by server', stats(DAY_MS, 'by=server')],
    ['overview: week by server', stats(week, 'by=server')],
    ['insights: week by hour', stats(week, 'bucket=hour')],
    ['insights: week by hour and server', stats(week, 'bucket=hour&by=server')],
    ['insights: month by hour', stats(month, 'bucket=hour')],
    ['insights: month by day', stats(month, 'bucket=day')],
    ['insights: month by day, local time', stats(month, 'bucket=day&utcOffset=120')],
    ['insights: month by day and server', stats(month, 'bucket=day&by=server&utcOffset=120')],
    [
      'insights: month by day and tool of one server',
      stats(month, 'bucket=day&by=tool&server=jira&utcOffset=120'),
    ],
    ['insights: month by server', stats(month, 'by=server')],
    ['insights: month by tool', stats(month, 'by=server,tool')],
    ['insights: month by member', stats(month, 'by=member')],
    ['insights: month by token', stats(month, 'by=token')],
    ['insights: month by client', stats(month, 'by=client')],
    ['insights: month by member, one server', stats(month, 'by=member&server=postgres')],
    ['insights: week before', stats(week, 'by=server', week)],
    ['insights: one server, week by hour', stats(week, 'bucket=hour&server=jira')],
    ['insights: one tool, month by hour', stats(month, 'bucket=hour&server=jira&tool=search_issues')],
    ['insights: one member, month by day', stats(month, 'bucket=day&member=ada&utcOffset=-300')],
    ['heat map: month', stats(month, 'bucket=weekhour&utcOffset=60')],
    ['heat map: month, one member and tool', stats(month, 'bucket=weekhour&member=chen&tool=query')],
    ['matrix: month by token and tool', stats(month, 'by=token,tool&limit=500')],
    ['matrix: week by token and tool', stats(week, 'by=token,tool&limit=500')],
    ['matrix: month by token and tool of one server', stats(month, 'by=token,tool&server=jira&limit=500')],
    ['log: newest', audit('')],
    ['log: newest calls', audit('kind=call')],
    ['log: an hour of one server, 12 days ago', audit(`server=github&${past}`)],
    ['log: an hour, 12 days ago', audit(past)],
    ['log: rare member', audit('member=kofi')],
    ['log: rare member and server it never used', audit('member=kofi&server=stripe')],
    ['log: by outcome', audit('outcome=unreachable')],
    ['log: rare outcome of one member', audit('outcome=timeout&member=freya')],
    ['log: by tool', audit('server=stripe&tool=create_refund')],
    ['log: by client', audit('client=codex-mcp-client 0.63.0')],
    ['log: management', audit('kind=management')],
    ['log: by request', audit(`requestId=${requestId}`)],
    ['log: request that is not there', audit('requestId=none')],
    ['log: q=refund', audit('q=refund')],
    ['log: q, rare', audit('q=KOFI')],
    ['log: q, nowhere', audit('q=zzzzzz')],
    ['servers', `${workspace}/servers`],
    ['tokens', `${workspace}/tokens`],
  ]
}
