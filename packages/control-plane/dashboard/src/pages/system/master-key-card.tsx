import { useState } from 'react'
import { tell } from '../../api/request.ts'
import { type RotatedKey, rotatedKeyShape, type System } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { count } from '../../format/numbers.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Notice } from '../../parts/notice.tsx'
import { useMay } from '../../shell/session.tsx'

type MasterKey = System['masterKey']

/** The key that opens every credential. It is never shown; where it is, and how to lose nothing, is. */
export function MasterKeyCard({ masterKey }: { masterKey: MasterKey }) {
  const [asking, setAsking] = useState(false)
  const [rotated, setRotated] = useState<RotatedKey>()
  const may = useMay()
  const { source, file, keyId, unfinished, olderKeys, unreadableKeys } = masterKey
  return (
    <Card
      title="Master key"
      actions={
        source === 'file' &&
        may('key.rotate') && (
          <Button small onClick={() => setAsking(true)}>
            {unfinished ? 'Finish the change' : 'Change the key'}
          </Button>
        )
      }
    >
      <dl className="facts">
        <dt>Comes from</dt>
        <dd>
          {source === 'file' ? (
            <>
              the file <code className="wrap">{file ?? 'master.key'}</code>
            </>
          ) : (
            'the environment of the control plane'
          )}
        </dd>
        <dt>Id</dt>
        <dd>
          <code className="wrap">{keyId}</code>
        </dd>
        {olderKeys > 0 && (
          <>
            <dt>Under the key before</dt>
            <dd>
              {olderKeys === 1 ? '1 key' : `${count(olderKeys)} keys`} of workspaces, until the change is
              finished
            </dd>
          </>
        )}
      </dl>
      {unfinished && (
        <Notice tone="warn" title="A change of the key was begun and not finished">
          Credentials can be read all the same. Finish the change, then back up the new key.
        </Notice>
      )}
      {unreadableKeys > 0 && (
        <Notice tone="bad" title={`${count(unreadableKeys)} keys in the database cannot be opened`}>
          They were closed with another master key. Credentials behind them cannot be read: start the control
          plane with the right key, or set those credentials again.
        </Notice>
      )}
      {rotated === undefined ? (
        <p className="soft">
          {source === 'file'
            ? 'Keep a copy of that file away from the database and its backups. Without it no stored credential can ever be read again; with both, anybody can read all of them.'
            : 'Keep a copy of it away from the database and its backups, in your secret store. Without it no stored credential can ever be read again. To change it, restart with the new key in MCPGW_MASTER_KEY and the old one in MCPGW_PREVIOUS_MASTER_KEY.'}
        </p>
      ) : (
        <Notice tone="warn" title="The master key has changed. Back it up now.">
          {rotated.advice}
        </Notice>
      )}
      {asking && <Rotate onRotated={setRotated} onClose={() => setAsking(false)} />}
    </Card>
  )
}

interface RotateProps {
  onRotated: (rotated: RotatedKey) => void
  onClose: () => void
}

function Rotate({ onRotated, onClose }: RotateProps) {
  const refresh = useRefresh()
  async function rotate() {
    onRotated(await tell('POST', rotatedKeyShape, ['master-key', 'rotate']))
    await refresh()
  }
  return (
    <Confirm title="Change the master key" act="Change it now" onConfirm={rotate} onClose={onClose}>
      <p>
        A new key takes the place of the old one in its file, and the keys of the workspaces are sealed with
        it. Calls go on meanwhile.
      </p>
      <ul className="bullets stack close">
        <li>
          The copy of the key that you have now does not open the database afterwards. Back up the new one at
          once.
        </li>
        <li>Keep the old one as long as you keep backups of the database from before.</li>
        <li>
          Whoever had the old key and a copy of the database has had the credentials: set those anew as well,
          at their servers first.
        </li>
      </ul>
    </Confirm>
  )
}
