/** A login of a device through the doors that devices and people use; answers its token. */
export async function logInDevice(options: {
  /** Where the device asks, and where the person answers: two replicas may share the work. */
  deviceAt: { url: string }
  personAt: { url: string }
  workspace: string
  proof: string
  role?: string
}): Promise<string> {
  const { deviceAt, personAt, workspace, proof, role } = options
  const resource = `${deviceAt.url}/ws/${workspace}`
  const begun = await post(`${deviceAt.url}/oauth/device`, {
    client_id: 'mcpgw',
    resource,
    device_name: 'box',
  })
  const { device_code, user_code } = JSON.parse(begun)
  const decision = { user_code, decision: 'approve', proof, ...(role === undefined ? {} : { role }) }
  await post(`${personAt.url}/oauth/device/decide`, decision)
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const answer = await post(`${deviceAt.url}/oauth/token`, { grant_type, client_id: 'mcpgw', device_code })
  return JSON.parse(answer).access_token
}

async function post(url: string, fields: Record<string, string>): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`)
  return text
}
