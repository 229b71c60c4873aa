import { Link, type LinkProps } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  memo,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
} from 'react';
import './data-table.css';

/** A column. */
export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** What the header means, where that is not plain. */
  readonly help?: string;
  /** Least width in pixels, and how much of what is left it takes. */
  readonly width: number;
  readonly grow?: number;
  readonly numeric?: boolean;
  /** The least page at which there is room for it; always by default. */
  readonly from?: 'tablet' | 'desktop' | 'wide';
  /** What the table is asked to sort by. */
  readonly sort?: string;
  readonly cell: (row: Row) => ReactNode;
}

/** By what rows are sorted: a name, with a `-` before it the other way round. */
export type SortText = string;

/** What a table shows. */
export interface DataTableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Where a row leads; the first column is the link, and all of the row can be clicked. Always the same function. */
  readonly rowLink?: (row: Row) => LinkProps;
  readonly sort?: SortText;
  readonly onSort?: (sort: SortText) => void;
  /** How tall a row is, in pixels. */
  readonly rowHeight?: number;
  /** Called when the end comes near. */
  readonly onEnd?: () => void;
  /** What stands where there are no rows. */
  readonly empty?: ReactNode;
  /** What stands below the last row. */
  readonly footer?: ReactNode;
  readonly scroller?: RefObject<HTMLDivElement | null>;
}

/** Rows this near the end ask for more. */
const NEAR_END = 60;

/** A table of any number of rows: only those in sight are there. */
export function DataTable<Row>(props: DataTableProps<Row>): ReactNode {
  const { label, columns, rows, rowKey, rowHeight = 36, onEnd, empty, footer } = props;
  const own = useRef<HTMLDivElement>(null);
  const scroller = props.scroller ?? own;
  // The same functions for the same rows: with others, all places would be worked out anew.
  const estimateSize = useCallback(() => rowHeight, [rowHeight]);
  const getItemKey = useCallback((index: number) => rowKey(rows[index]!), [rows, rowKey]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize,
    getItemKey,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - NEAR_END) onEnd?.();
  }, [last, rows.length, onEnd]);

  return (
    <div
      className="table"
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      ref={scroller}
      tabIndex={0}
      style={{ '--table-row': `${rowHeight}px` } as CSSProperties}
    >
      <div role="rowgroup" className="table-head">
        <div role="row" className="table-row" aria-rowindex={1}>
          {columns.map((column) => (
            <Header key={column.id} column={column} {...props} />
          ))}
        </div>
      </div>
      {rows.length === 0 ? (
        <div className="table-empty">{empty}</div>
      ) : (
        <div role="rowgroup" className="table-body" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => (
            <BodyRow
              key={item.key}
              row={rows[item.index]!}
              index={item.index}
              top={item.start}
              columns={columns}
              rowLink={props.rowLink}
            />
          ))}
        </div>
      )}
      {footer}
    </div>
  );
}

interface BodyRowProps<Row> {
  readonly row: Row;
  readonly index: number;
  readonly top: number;
  readonly columns: readonly Column<Row>[];
  readonly rowLink: DataTableProps<Row>['rowLink'];
}

/** Drawn again only when something of it changes, not whenever the table is scrolled. */
const BodyRow = memo(function BodyRow<Row>({
  row,
  index,
  top,
  columns,
  rowLink,
}: BodyRowProps<Row>): ReactNode {
  return (
    <div
      role="row"
      className={rowLink ? 'table-row table-row-link' : 'table-row'}
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
    >
      {columns.map((column, i) => (
        <div key={column.id} role="cell" {...cellProps(column)}>
          {i === 0 && rowLink ? (
            <Link {...rowLink(row)} className="table-link cut">
              {column.cell(row)}
            </Link>
          ) : (
            column.cell(row)
          )}
        </div>
      ))}
    </div>
  );
}) as <Row>(props: BodyRowProps<Row>) => ReactNode;

function Header<Row>({
  column,
  sort,
  onSort,
}: Pick<DataTableProps<Row>, 'sort' | 'onSort'> & { readonly column: Column<Row> }): ReactNode {
  const { header, help, sort: key } = column;
  const direction =
    key === undefined || !sort
      ? undefined
      : sort === key
        ? 'descending'
        : sort === `-${key}`
          ? 'ascending'
          : undefined;
  return (
    <div
      role="columnheader"
      {...cellProps(column)}
      {...(key !== undefined && onSort && { 'aria-sort': direction ?? 'none' })}
      title={help}
    >
      {key !== undefined && onSort ? (
        <button type="button" onClick={() => onSort(direction === 'descending' ? `-${key}` : key)}>
          {header}
          <span aria-hidden="true" className="table-direction">
            {direction === 'descending' ? '↓' : direction === 'ascending' ? '↑' : ''}
          </span>
        </button>
      ) : (
        <span className="cut">{header}</span>
      )}
    </div>
  );
}

function cellProps<Row>({ width, grow = 0, numeric, from }: Column<Row>): {
  readonly className: string;
  readonly style: CSSProperties;
} {
  return {
    className: ['table-cell', numeric && 'table-numeric', from && `from-${from}`].filter(Boolean).join(' '),
    style: { flex: `${grow} 1 ${width}px`, minWidth: width },
  };
}
